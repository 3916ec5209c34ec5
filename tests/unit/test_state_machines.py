"""Every status × every verb, for each machine: what the table allows, and that nothing else is."""

from types import ModuleType

import pytest

from dispatch.domain import assignment, call, device, incident
from dispatch.domain.errors import WrongStateError

MACHINES = {"assignment": assignment, "incident": incident, "device": device, "call": call}
ASSIGNMENT_MOVES = {
    "acknowledge": {"issued": "acknowledged", "delivered": "acknowledged"},
    "decline": dict.fromkeys(("issued", "delivered", "acknowledged"), "declined"),
    "depart": {"acknowledged": "en_route"},
    "arrive": {"acknowledged": "on_scene", "en_route": "on_scene"},
    "complete": {"on_scene": "completed"},
    "return": dict.fromkeys(("issued", "delivered", "acknowledged"), "returned"),
    "revoke": dict.fromkeys(("issued", "delivered", "acknowledged", "en_route", "on_scene"), "revoked"),
    "feedback": {status: status for status in ("acknowledged", "en_route", "on_scene")},
}


@pytest.mark.parametrize("name", MACHINES)
def test_every_pair_is_in_the_table_or_refused_with_both_names(name: str) -> None:
    machine: ModuleType = MACHINES[name]
    for status in machine.STATUSES:
        for verb in machine.VERBS:
            if (status, verb) in machine.TRANSITIONS:
                assert machine.advance(status, verb) == machine.TRANSITIONS[status, verb] in machine.STATUSES
                continue
            with pytest.raises(WrongStateError) as refused:
                machine.advance(status, verb)
            assert status in str(refused.value)
            assert verb in str(refused.value)


@pytest.mark.parametrize("verb", ASSIGNMENT_MOVES)
def test_an_assignment_moves_exactly_as_the_vocabulary_says(verb: str) -> None:
    moves = {source: target for (source, known), target in assignment.TRANSITIONS.items() if known == verb}
    assert moves == ASSIGNMENT_MOVES[verb]


def test_what_has_ended_stays_ended() -> None:
    ended = set(assignment.STATUSES) - assignment.OPEN
    for (source, verb), target in assignment.TRANSITIONS.items():
        if source in ended:
            assert verb == "excuse"
            assert target == source


def test_a_closed_incident_only_takes_notes_or_is_reopened() -> None:
    assert set(incident.verbs_from("closed")) == {"note", "reopen"}
    assert set(incident.verbs_from("merged")) == {"note"}


def test_the_lead_does_its_part_with_feedback_and_a_support_with_completion() -> None:
    assert assignment.satisfies_slot("feedback", "lead")
    assert not assignment.satisfies_slot("complete", "lead")
    assert assignment.satisfies_slot("complete", "support")
    assert not assignment.satisfies_slot("feedback", "support")
    assert assignment.satisfies_slot("excuse", "support")


def test_a_low_battery_or_an_opened_case_is_a_fault() -> None:
    assert device.verb_of_check_in(battery_percent=14, tamper=False) == "report_fault"
    assert device.verb_of_check_in(battery_percent=15, tamper=False) == "check_in"
    assert device.verb_of_check_in(battery_percent=None, tamper=True) == "report_fault"
