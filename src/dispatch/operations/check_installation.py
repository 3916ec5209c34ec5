"""Is everything as it must be? Each finding says what was looked at and what to do."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from dispatch.domain.directory import Directory
from dispatch.domain.errors import DatabaseUnavailableError
from dispatch.domain.ladder import CHANNELS, ladder_warnings
from dispatch.domain.ruleset import Known, RuleProblemsError, parse_ruleset
from dispatch.storage.database import Database
from dispatch.storage.directory import load_directory
from dispatch.storage.rulesets import newest_ruleset
from dispatch.storage.schema import WANTED, current_revision
from dispatch.storage.timers import database_now, largest_overdue_ms, unarmed_assignments

MOST_CLOCK_SKEW_S = 2.0
MOST_OVERDUE_MS = 5_000.0
CALENDAR_WARNING = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str

    def data(self) -> dict[str, object]:
        """Give the finding as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known outside the database: this machine's clock, paging channels, the calendar's last year.

    `known_channels` are the names that a channel may have here, set or not.
    """

    wall_clock: datetime
    channels: tuple[str, ...]
    calendar_until: int
    web_push: bool = True
    known_channels: frozenset[str] = frozenset(CHANNELS)


async def check_installation(url: str, around: Surroundings) -> list[Finding]:
    """Look at database, schema, clocks, timers, directory, ruleset, ladders, channels and the calendar of holidays."""
    database = Database(url, pool_size=2)
    try:
        await database.open()
    except DatabaseUnavailableError as error:
        return [
            Finding("database", ok=False, detail=f"does not answer ({error.facts.get('cause')}): check DATABASE_URL")
        ]
    try:
        found = await current_revision(url)
        findings = [Finding("database", ok=True, detail="answers")]
        fine = found == WANTED
        findings.append(Finding("schema", fine, f"at {found}" if fine else f"at {found}, run `dispatch migrate`"))
        inside = await _inside(database, around) if fine else []
        return [*findings, *inside, _channels(around.channels), _calendar(around)]
    finally:
        await database.close()


def _channels(channels: tuple[str, ...]) -> Finding:
    detail = ", ".join(channels) or (
        "none in this shell's environment: a silent console cannot be reached otherwise. Set DISPATCH_PAGING_WEBHOOK; "
        "a service that runs elsewhere (the demo has a file channel) may have channels that are not seen from here"
    )
    return Finding("paging channels", bool(channels), detail)


def _calendar(around: Surroundings) -> Finding:
    """Announcements come late in the year: two weeks before its end it is time to ask for the next one."""
    until = around.calendar_until
    fine = (around.wall_clock + CALENDAR_WARNING).year <= until
    what = "later days count by their weekday" + ("" if fine else ": update chinesecalendar")
    return Finding("calendar", fine, f"holidays are known until the end of {until}; {what}")


async def _inside(database: Database, around: Surroundings) -> list[Finding]:
    async with database.connection() as connection:
        skew = abs((await database_now(connection) - around.wall_clock).total_seconds())
        overdue, unarmed = await largest_overdue_ms(connection), await unarmed_assignments(connection)
        newest = await newest_ruleset(connection)
    async with database.snapshot() as connection:
        directory = await load_directory(connection)
    units = len(directory.units)
    return [
        Finding("clock", skew < MOST_CLOCK_SKEW_S, f"{skew:.3f} s between this machine and the database"),
        Finding(
            "timers",
            overdue < MOST_OVERDUE_MS and unarmed == 0,
            f"latest {overdue:.0f} ms over, {unarmed} assignments without",
        ),
        Finding("directory", units > 0, f"version {directory.version}, {units} units"),
        _ruleset(newest, directory),
        _ladders(directory, around),
    ]


def _ladders(directory: Directory, around: Surroundings) -> Finding:
    ladders = directory.content.ladders.all
    there = {*around.channels, *(["web_push"] if around.web_push else [])}
    warnings = ladder_warnings(ladders, known=around.known_channels, there=there)
    return Finding("ladders", not warnings, "; ".join(warnings) or f"{len(ladders)}, with channels that are set here")


def _ruleset(newest: tuple[int, str] | None, directory: Directory) -> Finding:
    if newest is None:
        return Finding("ruleset", ok=False, detail="none published")
    version, body = newest
    try:
        parse_ruleset(json.loads(body), version=version, known=Known.of(directory.content))
    except (RuleProblemsError, ValueError) as error:
        return Finding("ruleset", ok=False, detail=f"version {version} cannot be read: {error}")
    return Finding("ruleset", ok=True, detail=f"version {version}")
