"""The kit as tables for spreadsheets: UTF-8 with a mark at the start, so that they open with their characters whole.

Invariant: no cell is a formula. What others wrote is text, also if it begins like a formula.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from dispatch.domain.kit import STATUS_WORDS, STEPS, URGENCY_WORDS, Kit
from dispatch.domain.words import ROLE_WORDS, Words, named

FORMULA: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # full-width ones are taken for them too
MARK: Final = "\ufeff"


def defused(text: str) -> str:
    """Give a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def kit_tables(kit: Kit) -> dict[str, str]:
    """Give the files by name; the first line names the columns, the second is the first record."""
    return {
        "incidents.csv": _table(_INCIDENT_COLUMNS, _incidents(kit)),
        "assignments.csv": _table(_TASK_COLUMNS, _tasks(kit)),
        "units.csv": _table(_UNIT_COLUMNS, _units(kit)),
    }


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([defused(cell) for cell in row] for row in rows)
    return MARK + file.getvalue()


def _both(words: Words) -> str:
    return words.zh if words.zh == words.en or not words.en else f"{words.zh} {words.en}"


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")


_INCIDENT_COLUMNS: Final = (
    *("编号 number", "状态 status", "类型 type", "紧急程度 urgency", "等级 severity", "演练 exercise", "时间 opened"),
    *("区划 division", "场所 place", "地址 address", "经纬度 longitude latitude", "情况 description"),
    *("报警人 caller", "电话 phone", "标签 tags", "缺口 gaps", "快照时间 snapshot made"),
)


def _incidents(kit: Kit) -> Iterable[Sequence[str]]:
    for one in kit.incidents:
        yield (
            *(one.number, _both(named(STATUS_WORDS, one.status)), _both(one.kind)),
            *(_both(named(URGENCY_WORDS, one.urgency)), one.severity, one.exercise, _clock(one.opened)),
            *(_both(one.division), _both(one.place), one.address, one.point, one.description),
            *(
                one.caller,
                one.caller_phone,
                "; ".join(map(_both, one.tags)),
                "; ".join(map(_both, one.gaps)),
                _clock(kit.made),
            ),
        )


_TASK_COLUMNS: Final = (
    *("编号 number", "单位代码 unit code", "单位 unit", "角色 role", "状态 status", "电话 phone"),
    *("备勤电话 on-call phone", *(f"{step} 时间" for step in STEPS), "快照时间 snapshot made"),
)


def _tasks(kit: Kit) -> Iterable[Sequence[str]]:
    for task in (task for incident in kit.incidents for task in incident.tasks):
        yield (
            *(task.number, task.unit_code, _both(task.unit), _both(named(ROLE_WORDS, task.role))),
            *(_both(named(STATUS_WORDS, task.status)), task.phone, task.on_call_phone),
            *(*map(_clock, task.steps), _clock(kit.made)),
        )


_UNIT_COLUMNS: Final = (
    *("单位代码 unit code", "单位 unit", "类别 kind", "区划代码 division code", "区划 division", "勤务 duty"),
    *("电话 phone", "备勤 on call", "备勤电话 on-call phone", "在处警情 busy with", "快照时间 snapshot made"),
)


def _units(kit: Kit) -> Iterable[Sequence[str]]:
    for unit in kit.units:
        yield (
            *(unit.code, _both(unit.name), _both(unit.kind), unit.division_code, _both(unit.division)),
            *(_both(unit.duty), unit.phone, unit.on_call, unit.on_call_phone, " ".join(unit.busy_with)),
            _clock(kit.made),
        )
