"""The desk dispatches by hand: units named by an operator join the incident, gaps of their kind are filled."""

from dataclasses import dataclass

from dispatch.domain.errors import ExcludedByRuleError, Fault, InvalidRequestError, UnitUnavailableError
from dispatch.domain.rows import ShortfallData
from dispatch.domain.unit import Unit
from dispatch.operations.context import Answer, Context
from dispatch.operations.course import Course, course_of, facts_now
from dispatch.operations.edit import Edit, Request, edit_incident
from dispatch.operations.reinforce import Named, add_named, next_slot
from dispatch.storage.units import claim_unit


@dataclass(frozen=True, slots=True)
class Wanted:
    """A unit named by hand and its role."""

    unit_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Order:
    """Who is to be sent by hand, and why. `override` sends also a kind that the rules forbid here."""

    units: tuple[Wanted, ...]
    reason: str | None
    override: bool = False


async def dispatch_units(context: Context, request: Request, order: Order) -> Answer:
    """Send the named units, all or none.

    Raises:
        InvalidRequestError: no such unit, or a second lead.
        ExcludedByRuleError: the rules forbid this kind of unit here; `override` sends it nevertheless.
        UnitUnavailableError: already on the incident, committed elsewhere, out of service or not in the drill.
    """

    async def act(edit: Edit) -> None:
        edit.move_incident("dispatch")
        if not order.override:
            await _require_allowed(edit, order.units)
        # Race: two desks send the same crews; everybody claims them in the same order.
        for index, wanted in sorted(enumerate(order.units), key=lambda entry: entry[1].unit_id):
            await _add(edit, wanted, pointer=f"/units/{index}")
        sent = [wanted.unit_id for wanted in order.units]
        edit.tell("incident.updated", dispatched=sent, reason=order.reason, override=order.override)

    return await edit_incident(context, "dispatch_units", request=request, act=act)


async def _require_allowed(edit: Edit, units: tuple[Wanted, ...]) -> None:
    course = await course_of(edit)
    for wanted in units:
        unit = edit.context.knowledge.directory.units.get(wanted.unit_id)
        if unit is not None and unit.kind in course.excluded:
            facts: dict[str, object] = {
                "unit": unit.code,
                "unit_kind": unit.kind,
                "why": _why(edit, course, unit.kind),
            }
            raise ExcludedByRuleError("the rules forbid this kind of unit here", facts=facts)


def _why(edit: Edit, course: Course, unit_kind: str) -> dict[str, str] | None:
    """Give the reason of the rule that forbids a kind now; None where only the rules of the decision did."""
    exclusions = (entry for rule in course.ruleset.matching(facts_now(edit, course)) for entry in rule.exclude)
    found = next((entry for entry in exclusions if entry.unit_kind == unit_kind), None)
    return None if found is None else {"zh": found.reason_zh, "en": found.reason_en}


async def _add(edit: Edit, wanted: Wanted, *, pointer: str) -> None:
    unit = edit.context.knowledge.directory.units.get(wanted.unit_id)
    if unit is None:
        raise InvalidRequestError((Fault(f"{pointer}/unit_id", "unknown_unit", "no such unit"),))
    role = wanted.role
    await _require_free(edit, unit, acting=role != "notify")
    gap = _gap_for(edit, unit, role)
    if role == "lead" and any(row["role"] == "lead" for row in edit.open_assignments()):
        raise InvalidRequestError((Fault(f"{pointer}/role", "second_lead", "the incident has a lead already"),))
    if gap is not None and role == "support" and gap["role"] == "lead":
        role = "lead" if not any(row["role"] == "lead" for row in edit.open_assignments()) else role
    slot = gap["slot"] if gap else next_slot(edit)
    add_named(edit, Named(unit, role, mandatory=role == "lead" or gap is not None, slot=slot, code="manual"))
    if role == "lead" and slot not in edit.incident["pending_slots"]:
        edit.incident["pending_slots"].append(slot)
    edit.fill_shortfall(slot)


def _gap_for(edit: Edit, unit: Unit, role: str) -> ShortfallData | None:
    """Find the gap that the unit fills: one of its kind; whoever is sent to lead fills the place of the lead."""
    if role == "notify":
        return None
    of_kind = (gap for gap in edit.incident["shortfalls"] if gap["unit_kind"] == unit.kind)
    to_lead = (gap for gap in edit.incident["shortfalls"] if role == "lead" and gap["role"] == "lead")
    return next(of_kind, None) or next(to_lead, None)


async def _require_free(edit: Edit, unit: Unit, *, acting: bool) -> None:
    there = (row for row in edit.open_assignments() if row["unit_id"] == unit.id)
    if any(row["role"] != "notify" or not acting for row in there):
        raise UnitUnavailableError("the unit is on this incident already", facts={"unit": unit.code})
    if edit.context.knowledge.states.of(unit.id).duty == "out_of_service":
        raise UnitUnavailableError("the unit is out of service", facts={"unit": unit.code})
    participants = edit.participants
    if participants is not None and not participants.include(unit, edit.context.knowledge.directory):
        raise UnitUnavailableError("the unit does not take part in the drill", facts={"unit": unit.code})
    claims = acting and unit.exclusive and edit.is_actual
    if claims and not await claim_unit(edit.connection, unit.id, edit.incident["id"]):
        raise UnitUnavailableError("the unit is committed to another incident", facts={"unit": unit.code})
