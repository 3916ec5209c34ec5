"""What each endpoint may answer, for the documentation."""

from typing import Any, Final

from pydantic import BaseModel

from dispatch.api import (
    administration_views,
    communication_views,
    correlation_views,
    decision_views,
    device_views,
    directory_views,
    drill_views,
    explanation_views,
    mode_views,
    push_views,
    receipt_schemas,
    ruleset_views,
    views,
)

Responses = dict[int | str, dict[str, Any]]


def _with(status: int, model: type[BaseModel], description: str) -> Responses:
    problems = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    refused: Responses = {
        code: {"description": title, "content": problems}
        for code, title in (
            (401, "Not known"),
            (403, "Not allowed"),
            (404, "Not found"),
            (409, "Not possible in this state"),
            (413, "Too large"),
            (422, "Not valid"),
            (429, "Too many tries"),
            (503, "Database not available: nothing was stored"),
        )
    }
    return {status: {"model": model, "description": description}, **refused}


CREATED: Final = _with(201, views.IntakeAnswer, "Stored, routed, pushed")
INCIDENT: Final = _with(200, views.IncidentView, "The incident as it now stands")
FULL_INCIDENT: Final = _with(200, views.FullIncidentView, "The incident with calls and decision")
MATCHES: Final = _with(200, correlation_views.MatchList, "Best first")
INCIDENTS: Final = _with(200, views.IncidentList, "Newest first")
ASSIGNMENT: Final = _with(200, views.AssignmentView, "The assignment as it now stands")
ASSIGNMENTS: Final = _with(200, views.AssignmentList, "Open assignments")
TIMELINE: Final = _with(200, views.Timeline, "Oldest first")
DECISION: Final = _with(200, decision_views.DecisionView, "Who would go now")
REPLAY: Final = _with(200, decision_views.ReplayView, "Whether both are the same")
EXPLANATION: Final = _with(200, explanation_views.ExplanationView, "Which rules, who was asked, who goes, who not")
SIMULATION: Final = _with(200, explanation_views.SimulationView, "What it would do, beside what the rules in force do")
BACKTEST_STARTED: Final = _with(202, explanation_views.BacktestView, "It runs in the background of this process")
BACKTEST: Final = _with(200, explanation_views.BacktestView, "How far it is and what it has found")
BACKTEST_ROWS: Final = _with(200, explanation_views.BacktestRows, "In the order in which the incidents were opened")
DEVICE_STATUS: Final = _with(200, device_views.DeviceStatus, "What the button may show")
DEVICE_STATE: Final = _with(200, device_views.DeviceState, "Noted")
ME: Final = _with(200, directory_views.Me, "Who you are")
LOGGED_IN: Final = _with(201, directory_views.Me, "Logged in")
CATALOGUE: Final = _with(200, directory_views.Catalogue, "Names")


def _parameter(name: str, kind: dict[str, object]) -> dict[str, object]:
    return {"name": name, "in": "query", "required": False, "schema": kind}


LIST_PARAMETERS: Final[dict[str, Any]] = {
    "parameters": [
        _parameter("status", {"type": "string", "maxLength": 20}),
        _parameter("incident_type", {"type": "string", "maxLength": 64}),
        _parameter("source_reference", {"type": "string", "maxLength": 200}),
        _parameter("exercise", {"type": "string", "enum": ["actual", "exercise", "test"]}),
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 200}),
        _parameter("after", {"type": "string", "format": "uuid"}),
    ]
}


def file_of(media_type: str, model: Responses) -> Responses:
    """Describe a file in place of a shape; it is refused for the same reasons."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {**model, 200: {"content": content, "description": "All rows"}}


NOT_INSTALLED: Final[Responses] = {
    501: {"description": "This installation lacks the extra that writes it", "content": BACKTEST[404]["content"]}
}


def listed_by(*filters: str) -> dict[str, Any]:
    """Describe the parameters of a list in the order of codes."""
    text: dict[str, object] = {"type": "string", "maxLength": 200}
    kinds = dict.fromkeys((*filters, "after"), text) | {"limit": {"type": "integer", "minimum": 1, "maximum": 200}}
    return {"parameters": [_parameter(name, kind) for name, kind in kinds.items()]}


def parameters(**kinds: dict[str, object]) -> dict[str, Any]:
    """Describe parameters of the query."""
    return {"parameters": [_parameter(name, kind) for name, kind in kinds.items()]}


AGENCIES: Final = _with(200, administration_views.AgencyList, "In the order of their codes")
PEOPLE: Final = _with(200, administration_views.PersonList, "In the order of their logins")
SHIFTS: Final = _with(200, administration_views.ShiftList, "In the order of the units' codes")
DEVICES: Final = _with(200, administration_views.DeviceList, "In the order of their codes")
INCIDENT_TYPES: Final = _with(200, administration_views.IncidentTypeList, "In the order of their codes")
LADDERS: Final = _with(200, administration_views.LadderList, "In the order of their codes")
CLOCK_PROFILES: Final = _with(200, administration_views.ClockProfileList, "In the order of their codes")
JURISDICTIONS: Final = _with(200, administration_views.JurisdictionList, "In the order of the units' codes")
UNITS: Final = _with(200, directory_views.UnitList, "In the order of their codes")
UNIT: Final = _with(200, directory_views.UnitState, "The unit as it now stands")
PLACES: Final = _with(200, directory_views.PlaceList, "In the order of their codes")
POSITION: Final = _with(200, directory_views.Accepted, "Noted, unless a newer report is known")
RULESETS: Final = _with(200, ruleset_views.RulesetList, "Newest first")
RULESET: Final = _with(200, ruleset_views.FullRuleset, "The version; with `format=yaml` its document alone")
RULESET[200]["content"] = {"application/yaml": {"schema": {"type": "string"}}}
DRAFTED: Final = _with(201, ruleset_views.LintedRuleset, "Drafted")
DRAFT: Final = _with(200, ruleset_views.LintedRuleset, "The version as it now stands")
DISCARDED: Final = _with(200, ruleset_views.RulesetEntry, "The version as it now stands")
ROLLED_BACK: Final = _with(200, ruleset_views.RolledBackRuleset, "The new version, in force")
LINTED: Final = _with(200, ruleset_views.Findings, "What was found, with pointers into the document")
RULESET_HISTORY: Final = _with(200, ruleset_views.RulesetHistory, "Oldest first")
RULESET_DIFF: Final = _with(200, ruleset_views.RulesetDiffView, "Rule by rule, field by field")
FINDINGS: Final = _with(200, ruleset_views.NightlyFindings, "Errors first, then in reading order")
MODES: Final = _with(200, mode_views.ModeLists, "What stands, what will, what ended lately")
MODE_SET: Final = _with(201, mode_views.ModeView, "Set")
MODE: Final = _with(200, mode_views.ModeView, "Ended")
DRILLS: Final = _with(200, drill_views.DrillLists, "What stands, what will, what ended lately")
DRILL_ANNOUNCED: Final = _with(201, drill_views.DrillView, "Announced")
DRILL: Final = _with(200, drill_views.DrillView, "Ended")
TEST_STARTED: Final = _with(201, communication_views.CommunicationTestView, "Started: whoever it calls is called")
TESTS: Final = _with(200, communication_views.CommunicationTestList, "Newest first")
TEST_REPORT: Final = _with(200, communication_views.CommunicationReport, "Who answered; with `format=csv` as a table")
TEST_REPORT[200]["content"] = {"text/csv": {"schema": {"type": "string"}}}
TEST_ANSWERED: Final = _with(200, communication_views.RollCallView, "Noted")
SCHEDULES: Final = _with(200, communication_views.ScheduleList, "The oldest first")
SCHEDULE_SET: Final = _with(201, communication_views.ScheduleView, "Set")
SCHEDULE: Final = _with(200, communication_views.ScheduleView, "As it now stands")
_PUSH_OFF: Final[Responses] = {501: {"description": "Web push is switched off here", "content": MODE[404]["content"]}}
PUSH_KEY: Final = _with(200, push_views.PushKey, "The key to subscribe with") | _PUSH_OFF
PUSH_SUBSCRIBED: Final = _with(201, push_views.PushSubscriptionView, "Subscribed, or renewed") | _PUSH_OFF
PUSH_TRIED: Final = _with(200, push_views.PushTried, "What the push service said") | _PUSH_OFF
PUSH_UNSUBSCRIBED: Final[Responses] = {
    204: {"description": "Unsubscribed"},
    **{code: answer for code, answer in MODE.items() if code in {401, 403, 404, 503}},
}
RECEIPT: Final = _with(200, receipt_schemas.ReceiptView, "The state in which the message is")
LOGGED_OUT: Final[Responses] = {
    204: {"description": "Logged out"},
    **{code: answer for code, answer in ME.items() if code in {403, 503}},
}
HEALTH: Final[Responses] = {200: {"model": directory_views.Health, "description": "Alive"}}
READY: Final[Responses] = {
    200: {"model": directory_views.Readiness, "description": "Ready"},
    503: {"model": directory_views.Readiness, "description": "Not ready; `checks` says what"},
}
ESCALATION: Final[Responses] = {
    200: {"model": directory_views.EscalationHealth, "description": "In time"},
    503: {"model": directory_views.EscalationHealth, "description": "Late, or an open assignment has no timer"},
}
METRICS: Final[Responses] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Metrics"}}
