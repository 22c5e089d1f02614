"""The text format: real pages, bad lines, a page cut in the middle, sizes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.prometheus import exposition
from connectors.prometheus.exposition import parse


def test_samples_labels_and_time_stamps() -> None:
    page = parse('a_total{x="1", y="q\\"q"} 600 1795478952909\nb 0.5\n', "page")
    assert [(s.name, s.labels, s.value, s.stamped_ms) for s in page.samples] == [
        ("a_total", {"x": "1", "y": 'q"q'}, 600.0, 1795478952909),
        ("b", {}, 0.5, None),
    ]
    assert page.stamped_ms == 1795478952909 and page.rejects == ()


def test_names_stay_as_written_whatever_the_type_line_says() -> None:
    assert [s.name for s in parse("# TYPE a counter\na 1\n# TYPE b_total counter\nb_total 2\n", "page").samples] == [
        "a",
        "b_total",
    ]


def test_a_bad_line_costs_only_itself_and_is_named() -> None:
    page = parse("# HELP a words\na 1\nb{x=1} 2\nc 3\nd\n", "http://sw1/metrics")
    assert [s.name for s in page.samples] == ["a", "c"]
    assert [(r.source, r.line, r.reason) for r in page.rejects] == [
        ("http://sw1/metrics", 3, "not_exposition"),
        ("http://sw1/metrics", 5, "not_exposition"),
    ]


def test_a_page_cut_in_the_middle_of_a_number_does_not_tell_it() -> None:
    page = parse("a 1\nb 12", "page")
    assert [s.name for s in page.samples] == ["a"]
    assert [(r.line, r.reason, r.raw) for r in page.rejects] == [(2, "cut_off", "b 12")]


def test_nan_says_nothing_and_infinity_is_a_number() -> None:
    assert [(s.name, s.value) for s in parse("a NaN\nb +Inf\n", "page").samples] == [("b", float("inf"))]


def test_a_page_too_long_is_refused_whole() -> None:
    page = parse("a 1\n" * (exposition.PAGE_BYTES // 4 + 1), "page")
    assert page.samples == () and [r.reason for r in page.rejects] == ["too_long"]
    assert len(page.rejects[0].raw) <= 2000


def test_identity_does_not_depend_on_the_order_of_labels() -> None:
    one, two = parse('a{x="1",y="2"} 1\na{y="2",x="1"} 1\n', "page").samples
    assert one.series() == two.series() == 'a{x="1",y="2"}'


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_it_and_every_line_is_accounted_for(text: str) -> None:
    page = parse(text, "page")
    assert len(page.samples) + len(page.rejects) <= text.count("\n") + 1
