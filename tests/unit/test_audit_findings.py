"""Alarms follow what is found: each once, none left standing, a much worse one anew; words for all of them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.audit_findings import CODES, LIMITS, WORSE, Alarm, Code, Finding, alarm_view, settle, words

NOW = datetime(2026, 11, 26, tzinfo=UTC)
counts = st.integers(1, 50)
looks = st.lists(st.dictionaries(st.sampled_from(CODES), counts, max_size=4), max_size=8)


def finding(code: Code, count: int) -> Finding:
    return Finding(code, count, None, LIMITS.of(code))


@given(looks)
def test_after_every_look_one_alarm_stands_for_each_finding_and_no_other(seen: list[dict[Code, int]]) -> None:
    standing: dict[str, Alarm] = {}
    for number, look in enumerate(seen):
        settled = settle(standing.values(), [finding(code, count) for code, count in look.items()])
        for alarm in settled.to_clear:
            del standing[alarm.code]
        for one in settled.to_raise:
            assert one.code not in standing
            standing[one.code] = Alarm(f"{number}{one.code}", one.code, one.count, None, one.limit_s, NOW)
        assert set(standing) == set(look)
        assert all(look[code] < WORSE * alarm.count for code, alarm in standing.items())  # type: ignore[index]


@given(st.sampled_from(CODES), counts)
def test_what_is_found_again_and_again_is_told_once(code: Code, count: int) -> None:
    alarm = Alarm("x", code, count, None, 0, NOW)
    settled = settle([alarm], [finding(code, count)])
    assert (settled.to_raise, settled.to_clear) == ((), ())


@pytest.mark.parametrize("code", CODES)
def test_every_finding_has_its_words_in_both_languages(code: Code) -> None:
    said = words(code, 3)
    assert code not in said.values()
    assert said["zh"] != said["en"]
    assert "{" not in "".join(said.values())


def test_an_alarm_names_no_incident() -> None:
    view = alarm_view(Alarm("x", "timer_late", 2, 11.26, 10, NOW))
    assert view["worst_s"] == 11.3
    assert set(view) == {"id", "code", "count", "worst_s", "limit_s", "words", "raised_at", "cleared_at"}
