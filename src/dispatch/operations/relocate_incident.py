"""The incident is somewhere else than was first reported: everybody on it is told at once and acknowledges anew.

Who is on it stays on it: who else goes there is the desk's to say, by `recommend` and `dispatch` for the new place.
"""

from dispatch.domain.alerting import known_of
from dispatch.domain.call import CallReport, Where, locate
from dispatch.domain.intake import place_data
from dispatch.operations.alerting import alert_again
from dispatch.operations.context import Answer, Context
from dispatch.operations.edit import Edit, Request, edit_incident


async def relocate_incident(context: Context, request: Request, *, report: CallReport, reason: str) -> Answer:
    """Replace the whereabouts of an incident by those of `report`, which is located as a call would be.

    Raises:
        WrongStateError: it has ended.
    """
    where = locate(report, context.knowledge.directory)

    async def act(edit: Edit) -> None:
        edit.move_incident("raise")
        before, was = known_of(edit.incident), _whereabouts(edit)
        _move(edit, report, where)
        edit.tell("incident.relocated", before=was, after=_whereabouts(edit), reason=reason)
        await alert_again(edit, before)

    return await edit_incident(context, "relocate_incident", request=request, act=act)


def _move(edit: Edit, report: CallReport, where: Where) -> None:
    incident, place = edit.incident, where.place
    incident["place"] = place_data(place)
    incident["place_id"] = None if place is None else place.id
    incident["location"] = report.location
    incident["address"] = report.address or (place.address if place else None)
    incident["division_code"] = where.division_code
    incident["area_class"] = edit.context.knowledge.directory.area_class(where.division_code)
    incident["tags"] = list(dict.fromkeys((*incident["tags"], *where.doubts)))


def _whereabouts(edit: Edit) -> dict[str, object]:
    incident = edit.incident
    return {"place": incident["place"], "address": incident["address"], "division_code": incident["division_code"]}
