"""What is a seizure, what is the subscriber's doing, which code a cause stands for: settings, also of one switch."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.answers import in_words
from pipeline.settings import DefinitionSettings, OwnReleaseCodes
from tests.detectors.records import call, rows

OLD = "old-switch"


def test_what_is_no_seizure_is_a_setting() -> None:
    seen = [call(404), call(503), call(200)]
    assert rows(*seen).seized.tolist() == [False, True, True]
    strict = DefinitionSettings(not_seized=(503,))
    assert rows(*seen, definitions=strict).seized.tolist() == [True, False, True]


def test_the_ner_table_and_the_number_table_are_settings() -> None:
    seen = [call(486, pdd=None), call(480), call(604, pdd=None)]
    changed = DefinitionSettings(subscriber=(604,), subscriber_if_rang=(), number_failures=(486,))
    plain, other = rows(*seen), rows(*seen, definitions=changed)
    assert (plain.effective.tolist(), plain.bad_number.tolist()) == ([True, True, False], [False, False, False])
    assert (other.effective.tolist(), other.bad_number.tolist()) == ([False, False, True], [True, False, False])


def test_a_cause_that_is_given_adds_to_the_map_of_the_rfc() -> None:
    settings = DefinitionSettings(sip_of_q850={21: 403, 99: 404})
    seen = rows(call(0, q850=21, pdd=None), call(0, q850=99, pdd=None), call(0, q850=17), definitions=settings)
    assert seen.seized.tolist() == [False, False, True]
    assert seen.bad_number.tolist() == [False, True, False]


def test_a_record_with_a_code_is_judged_by_it_whatever_its_cause() -> None:
    assert rows(call(503, q850=17, pdd=None)).effective.tolist() == [False]


def test_a_switch_may_differ_and_the_others_do_not() -> None:
    own = OwnReleaseCodes(not_seized=(500,), sip_of_q850={17: 500})
    settings = DefinitionSettings(not_seized=(404,), switches={OLD: own})
    seen = [call(code, switch=name) for name in ("sw-1", OLD) for code in (404, 500)]
    seen += [call(0, pdd=None, q850=17, switch=name) for name in ("sw-1", OLD)]
    assert rows(*seen, definitions=settings).seized.tolist() == [False, True, True, False, True, False]
    assert settings.of(OLD).subscriber == settings.subscriber


@pytest.mark.parametrize("wrong", [{"not_seized": (99,)}, {"subscriber": (700,)}, {"sip_of_q850": {128: 404}}])
def test_a_code_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DefinitionSettings(**wrong)


def test_a_ticket_says_how_its_metric_is_defined() -> None:
    settings = DefinitionSettings(not_seized=(402,), subscriber=(486,), switches={OLD: OwnReleaseCodes()})
    assert in_words(settings, "ASR") == (
        "ASR is answers of seizures (E.411); 402 are no seizures; other tables at old-switch"
    )
    assert "counts answers and 486, and after ringing 408, 480" in in_words(settings, "NER")
    assert in_words(settings, "PDD") == ""
