"""Lines and fields as every reader gets them: all at once gives what line by line gives."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from connectors.rows.delimited import delimited
from connectors.rows.lines import cut

COLUMNS = ("a", "b", "c", "d")
FIELDS = st.lists(st.sampled_from(["", "x", "é", '"q"', '"r,s"', '""', '"a ""b"""', "1.5"]), min_size=1, max_size=6)
LINES = st.lists(st.one_of(FIELDS.map(",".join), st.sampled_from(["", '"', "  ", 'x,"y', "x,y\r"])), max_size=8)


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\n", b"\r", b"a", b" ", b"\xff", "é".encode(), b"\xef\xbb\xbf"])).map(b"".join))
def test_lines_are_those_of_the_text_with_their_numbers(data: bytes) -> None:
    text = data.decode(errors="replace").removeprefix("\ufeff")
    plain = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 7)]
    assert cut(data, "f", 7).frame.rows() == [(number, line) for number, line in plain if line.strip()]


@settings(deadline=None)
@given(LINES)
def test_a_line_gives_the_same_fields_among_others_as_alone(lines: list[str]) -> None:
    every = delimited("\n".join(lines).encode(), "f", 1, COLUMNS, at_least=3)
    alone = [delimited(line.encode(), "f", number, COLUMNS, at_least=3) for number, line in enumerate(lines, 1)]
    assert_frame_equal(every.frame, pl.concat([every.frame.clear(), *(rows.frame for rows in alone)]))
    by_line = sorted(every.rejects, key=lambda reject: reject.line or 0)
    assert by_line == [reject for rows in alone for reject in rows.rejects]


@settings(deadline=None)
@given(LINES)
def test_columns_that_are_not_wanted_change_nothing(lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    every, some = (delimited(data, "f", 1, COLUMNS, at_least=3, wanted=want) for want in (None, ("a", "b")))
    assert_frame_equal(every.frame.drop("in.d"), some.frame)
    assert every.rejects == some.rejects


def test_a_carriage_return_after_a_quote_in_an_odd_place_costs_no_line() -> None:
    frame = delimited(b'x"\r,"\n1,2\n', "f", 1, ("a", "b")).frame
    assert frame["line"].to_list() == [1, 2]
    assert frame.row(1)[2:] == ("1", "2")
