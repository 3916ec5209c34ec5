"""The verb statements: one guarded update moves an assignment, in one round trip and one commit.

They are built from the state table of `domain/assignment` and the ladder of `domain/escalation`: no second copy.
Lock order everywhere: incident, then its assignments, then timers.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

import asyncpg

from dispatch.domain.assignment import EVENT, LEFT, OPEN, STAMP, TRANSITIONS, Verb, satisfies_slot
from dispatch.domain.escalation import LADDER, REMIND_AFTER
from dispatch.storage.database import Database
from dispatch.storage.written import Once, TwinError, Written


@dataclass(frozen=True, slots=True)
class Move:
    """One verb on one assignment. `unit_id` guards that it is the unit's own; ids are change and event ids.

    `now` is when it was learnt: it ends, closes and arms. `occurred_at` is when it happened: it is the step's stamp.
    """

    assignment_id: str
    verb: Verb
    expected_version: int | None
    unit_id: str | None
    now: datetime
    occurred_at: datetime
    actor_name: str
    actor: str
    reason: str | None
    feedback: str | None
    ids: tuple[str, str, str]
    facts: str | None
    once: Once | None
    revision: int | None = None


_OPEN: Final = ", ".join(f"'{status}'" for status in sorted(OPEN))
_LEFT: Final = ", ".join(f"'{status}'" for status in sorted(LEFT))
_ACTIVE: Final = "'received', 'dispatched', 'in_progress', 'resolved'"
_UNSEEN: Final = frozenset({"deliver", "see"})
"""What no stage waits for."""
_ACKNOWLEDGES: Final = frozenset({"acknowledge", "confirm"})
_BEGINS: Final = frozenset({"acknowledge", "depart", "arrive", "feedback"})

# Arguments: 1 assignment, 2 expected version, 3 unit, 4 now, 5 actor name, 6 reason, 7 feedback, 8 ids, 9 actor,
# 10 idempotency, 11 facts, 12 occurred at; where a revision is acknowledged, 13 the one that was seen.
# A closed incident has no open assignment but that of a lead that has fed back and not yet said that it is done: its
# crew is not free before.
_STATEMENT: Final = """
WITH l AS (SELECT i.id, i.revision FROM incident i
   WHERE i.id = (SELECT incident_id FROM assignment WHERE id = $1) FOR UPDATE),
 a AS (UPDATE assignment SET status = CASE assignment.status {case} END, version = assignment.version + 1,
     {stamp} {confirms} {ended} reason = coalesce($6, assignment.reason),
     feedback = coalesce($7::json, assignment.feedback), updated_by = $5
   FROM l WHERE assignment.incident_id = l.id AND assignment.id = $1 AND assignment.status IN ({sources})
     AND ($2::int IS NULL OR assignment.version = $2) AND ($3::uuid IS NULL OR assignment.unit_id = $3) {guard}
   RETURNING assignment.*),
 s AS (SELECT a.*, {satisfies} AS satisfies FROM a),
 t AS ({timer}),
 i AS (UPDATE incident SET version = incident.version + 1, updated_by = $5, {settles}
     pending_slots = CASE WHEN s.satisfies THEN array_remove(pending_slots, s.slot) ELSE pending_slots END,
     status = CASE
       WHEN incident.status NOT IN ({active}) THEN incident.status
       WHEN {closes} THEN 'closed'
       WHEN s.satisfies AND s.role = 'lead' THEN 'resolved'
       WHEN {begins} AND s.role <> 'notify' AND incident.status IN ('received', 'dispatched') THEN 'in_progress'
       ELSE incident.status END,
     stages = CASE WHEN incident.status IN ({active}) AND {closes} THEN '[]'::json ELSE incident.stages END,
     closed_at = CASE WHEN incident.status IN ({active}) AND {closes} THEN $4 ELSE closed_at END,
     disposition = CASE WHEN incident.status IN ({active}) AND s.satisfies AND s.role = 'lead'
       THEN coalesce($7::json->>'outcome', disposition) ELSE disposition END
   FROM s WHERE incident.id = s.incident_id RETURNING incident.*),
 n AS (UPDATE assignment SET status = CASE assignment.role WHEN 'notify' THEN 'completed' ELSE 'revoked' END,
     reason = CASE assignment.role WHEN 'notify' THEN reason ELSE 'closed' END,
     version = assignment.version + 1, ended_at = $4, updated_by = 'system'
   FROM i WHERE i.closed_at = $4 AND i.status = 'closed' AND assignment.incident_id = i.id AND assignment.id <> $1
     AND assignment.role <> 'lead' AND assignment.status IN ({open}) RETURNING assignment.*),
 nt AS (DELETE FROM timer USING n WHERE timer.subject_id = n.id),
{stage}
 ni AS (DELETE FROM timer USING i WHERE timer.subject_id = i.id AND i.status = 'closed'),
 x AS (SELECT * FROM a UNION ALL SELECT * FROM n),
 f AS (UPDATE unit_state SET committed_to = NULL, version = unit_state.version + 1 FROM x
   WHERE unit_state.unit_id = x.unit_id AND committed_to = x.incident_id AND x.ended_at IS NOT NULL),
 e AS (SELECT json_build_object('event_id', ($8::uuid[])[2], 'event', '{event}', 'assignment_id', s.id,
     'facts', coalesce($11::json, '{{}}'::json)) AS own,
     CASE WHEN i.closed_at = $4 AND i.status = 'closed' THEN 'incident.closed'
       WHEN i.status = 'resolved' AND s.satisfies AND s.role = 'lead' THEN 'incident.resolved' END AS further,
     json_build_object('disposition', i.disposition) AS facts, greatest($12, s.issued_at) AS occurred_at FROM s, i),
 o AS (INSERT INTO outbox (id, incident_id, unit_ids, division_code, device_id, source_id, change)
   SELECT ($8::uuid[])[1], i.id, i.unit_ids, i.division_code, i.device_id, i.source_id, json_build_object(
     'incident', to_json(i),
     'assignments', (SELECT json_agg(to_json(x)) FROM x),
     'events', CASE WHEN e.further IS NULL THEN json_build_array(e.own) ELSE json_build_array(e.own,
       json_build_object('event_id', ($8::uuid[])[3], 'event', e.further, 'assignment_id', NULL, 'facts', e.facts)) END,
     'unit', NULL, 'occurred_at', to_json(e.occurred_at), 'recorded_at', to_json($4::timestamptz))::text
   FROM e, i RETURNING seq, xid, change),
 u AS (INSERT INTO audit (change_id, occurred_at, actor, incident_id, events)
   SELECT ($8::uuid[])[1], e.occurred_at, $9::json, i.id, o.change::json->'events' FROM i, o, e),
 k AS (INSERT INTO idempotency (scope, key, body_hash, change_id)
   SELECT ($10::text[])[1], ($10::text[])[2], decode(($10::text[])[3], 'hex'), ($8::uuid[])[1] FROM a
   WHERE $10::text[] IS NOT NULL)
SELECT seq, xid::text AS xid, change FROM o
"""
# Whoever waits for this step is looked after at once by the timer loop.
_STAGE: Final = """ st AS (INSERT INTO timer (subject_id, kind, urgency, due_at)
   SELECT i.id, 'stage', 0, $4::timestamptz FROM i WHERE i.stages::text <> '[]' AND i.status <> 'closed'
   ON CONFLICT (subject_id, kind) DO UPDATE SET due_at = least(timer.due_at, excluded.due_at)),"""
_NOT_LED: Final = f"""NOT EXISTS (SELECT 1 FROM assignment other WHERE other.incident_id = a.incident_id
  AND other.slot = a.slot AND other.role = 'lead' AND other.status NOT IN ({_LEFT}))"""
"""A backup in the lead's place, or a lead that was replaced, does not do the lead's part: only the lead does."""
_CLOSES: Final = (
    "(s.satisfies AND cardinality(pending_slots) > 0 AND cardinality(array_remove(pending_slots, s.slot)) = 0)"
)


_CONFIRMS: Final = """
     acknowledged_revision = greatest(assignment.acknowledged_revision,
       least(coalesce($13::int, l.revision), l.revision)),
     change_by = CASE WHEN least(coalesce($13::int, l.revision), l.revision) >= assignment.min_ack_revision
       THEN NULL ELSE assignment.change_by END,"""
"""`alerting.confirm` as SQL: the revision that was seen counts, at most the one that stands."""
_GUARDS: Final[dict[Verb, str]] = {
    "deliver": "AND assignment.delivered_at IS NULL",
    "see": "AND assignment.seen_at IS NULL",
    # A backup may take the lead over when it answers, one of several asked may have it: that is decided under the lock,
    # in operations/acknowledge_assignment.
    "acknowledge": "AND assignment.backup_for IS NULL AND assignment.selection->>'offer' IS NULL",
    "confirm": "AND coalesce(assignment.acknowledged_revision, 0) < assignment.min_ack_revision",
    "complete": "AND (assignment.role <> 'lead' OR assignment.fed_back_at IS NOT NULL)",
}
"""What a verb demands beyond the state; a refused move is explained by `operations/move_assignment`."""


@cache
def verb_statement(verb: Verb) -> str:
    """Build a verb's statement from the state table."""
    moves = {source: target for (source, known), target in TRANSITIONS.items() if known == verb}
    ends = any(target not in OPEN for target in moves.values())
    timer = (
        "DELETE FROM timer USING a WHERE timer.subject_id = a.id"
        if ends
        else f"UPDATE timer SET due_at = {_next_due()} FROM a WHERE timer.subject_id = a.id"
    )
    return _STATEMENT.format(
        case=" ".join(f"WHEN '{source}' THEN '{target}'" for source, target in moves.items()),
        sources=", ".join(f"'{source}'" for source in moves),
        stamp=_stamps(verb),
        confirms=_CONFIRMS if verb in _ACKNOWLEDGES else "",
        settles="" if verb in _UNSEEN else "settled_version = incident.version + 1,",
        ended="ended_at = coalesce(assignment.ended_at, $4::timestamptz)," if ends else "",
        guard=_GUARDS.get(verb, ""),
        satisfies=_satisfies(verb),
        timer=timer,
        active=_ACTIVE,
        open=_OPEN,
        closes=_CLOSES,
        begins="true" if verb in _BEGINS else "false",
        event=EVENT[verb],
        stage="" if verb in _UNSEEN else _STAGE,
    )


def _stamps(verb: Verb) -> str:
    columns = ["delivered_at", "seen_at"] if verb == "see" else [STAMP[verb]] if verb in STAMP else []
    later = "greatest($12::timestamptz, assignment.issued_at)"
    return " ".join(f"{column} = coalesce(assignment.{column}, {later})," for column in columns)


def _satisfies(verb: Verb) -> str:
    lead, support = (str(satisfies_slot(verb, role)).lower() for role in ("lead", "support"))
    return f"(a.role <> 'notify' AND CASE WHEN a.role = 'lead' THEN {lead} ELSE {support} AND {_NOT_LED} END)"


def _next_due() -> str:
    """Write `escalation.next_due` as SQL: the earliest deadline that counts in the new status and was not acted on."""
    arms = []
    for step in LADDER:
        statuses = ", ".join(f"'{status}'" for status in sorted(step.statuses))
        condition = f"a.status IN ({statuses}) AND NOT ('{step.name}' = ANY(a.steps_done))"
        if step.name == "page":  # on call nobody sits at the console: a rendered page proves nothing
            on_call = "a.status = 'delivered' AND (a.selection->>'on_call')::boolean"
            condition = f"(a.status IN ({statuses}) OR {on_call}) AND NOT ('{step.name}' = ANY(a.steps_done))"
        if step.deadline == "feedback_by":
            condition += " AND a.fed_back_at IS NULL"
        arms.append(f"CASE WHEN {condition} THEN a.{step.deadline} END")
    return f"coalesce(least({', '.join(arms)}), $4::timestamptz + interval '{int(REMIND_AFTER.total_seconds())} s')"


async def move_assignment(database: Database, move: Move) -> Written | None:
    """Write a verb. None when no row matched: wrong state, other version, other unit, or a backup's acknowledgement.

    Raises:
        TwinError: the idempotency key is already there; nothing was written.
    """
    async with database.acting() as connection:
        try:
            row = await connection.fetchrow(
                verb_statement(move.verb),
                move.assignment_id,
                move.expected_version,
                move.unit_id,
                move.now,
                move.actor_name,
                move.reason,
                move.feedback,
                list(move.ids),
                move.actor,
                move.once.parameter() if move.once else None,
                move.facts,
                move.occurred_at,
                *([move.revision] if move.verb in _ACKNOWLEDGES else ()),
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "idempotency_pkey":
                raise TwinError from None
            raise
    return None if row is None else Written(row["seq"], int(row["xid"]), move.ids[0], row["change"])
