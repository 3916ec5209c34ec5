"""Explanations, simulations and back-tests as text for a terminal, in either language. Reads what the API answers."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

Json = dict[str, Any]
_SAID: Final[dict[str, tuple[str, str]]] = {
    "version": ("规则版本", "ruleset version"),
    "file": ("文件中的规则", "the rules of the file"),
    "directory": ("名录版本", "directory version"),
    "assumed": ("假定", "assumed"),
    "matched": ("匹配的规则", "Rules that matched"),
    "near": ("接近匹配的规则", "Rules that nearly matched"),
    "excluded": ("不得派出", "Must not be sent"),
    "requirements": ("需求", "What is asked for"),
    "short": ("缺", "missing"),
    "held": ("暂不派出，等待", "held back until"),
    "leads": ("转为主办，条件", "takes the lead when"),
    "reserve": ("备", "reserve"),
    "rejected": ("否", "not"),
    "unit": ("单位", "Unit"),
    "difference": ("与生效版本相比", "Against the version in force"),
    "none": ("没有不同", "no difference"),
    "lead": ("主办", "lead"),
    "new": ("新缺口", "new gap"),
    "ended": ("缺口消除", "gap closed"),
    "waits": ("改为等待", "now held back"),
    "no_wait": ("不再等待", "no longer held back"),
    "incidents": ("警情", "incidents"),
    "differing": ("有不同", "differing"),
    "units_joining": ("新增派出", "units joining"),
    "units_leaving": ("不再派出", "units leaving"),
    "lead_changes": ("主办改变", "changed leads"),
    "new_shortfalls": ("新缺口", "new gaps"),
    "ended_shortfalls": ("消除的缺口", "gaps closed"),
    "drifted": ("与当时记录不符", "drifted from what was recorded"),
    "skipped": ("无法重算", "not decided again"),
    "rules": ("规则匹配次数（前 → 后）", "How often rules matched (before → after)"),
    "first": ("有不同的警情（前 {n} 起）", "Incidents that differ (the first {n})"),
    "state": ("状态", "state"),
}


class Teller:
    """Tells in one language."""

    def __init__(self, language: str) -> None:
        """Choose the language."""
        self._language = language

    def said(self, key: str) -> str:
        """Give a word of the catalogue."""
        zh, en = _SAID[key]
        return zh if self._language == "zh" else en

    def words(self, words: Json | None) -> str:
        """Give a text that is there in both."""
        return "" if words is None else str(words[self._language])

    def unit(self, unit: Json | None) -> str:
        """Name a unit by its code and name."""
        if unit is None:
            return "-"
        name = unit["name"] if self._language == "zh" else unit["name_en"]
        return f"{unit['code'] or unit['id']} {name or ''}".strip()

    def version(self, version: int) -> str:
        """Name a version."""
        return f"{self.said('version')} {version}" if version else self.said("file")


def explanation_lines(told: Json, teller: Teller) -> Iterator[str]:
    """Write an explanation."""
    yield f"{teller.version(told['ruleset_version'])}, {teller.said('directory')} {told['directory_version']}"
    yield from _rules(told, teller)
    if told["excluded"]:
        yield f"{teller.said('excluded')}:"
    for kind in told["excluded"]:
        yield f"  {teller.words(kind['name'])}: {teller.words(kind['reason'])} ({kind['rule'] or '-'})"
    yield f"{teller.said('requirements')}:"
    for asked in told["requirements"]:
        yield from _asked(asked, teller)
    if told["unit"] is not None:
        yield from _answer(told["unit"], teller)


def _rules(told: Json, teller: Teller) -> Iterator[str]:
    yield f"{teller.said('matched')}:"
    for rule in told["matched"]:
        yield f"  {rule['rule']}  {teller.words(rule['name'])}"
        for line in rule["conditions"]:
            yield f"    {'+' if line['met'] else '-'} {line['text']}  ({_value(line['value'])})"
    if told["near_misses"]:
        yield f"{teller.said('near')}:"
    for rule in told["near_misses"]:
        yield f"  {rule['rule']}  {teller.words(rule['name'])}"
        yield f"    {teller.words(rule['sentence'])}"


def _value(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value if value is not None else "-")


def _asked(asked: Json, teller: Teller) -> Iterator[str]:
    yield f"  {asked['number']}. {teller.words(asked['sentence'])}"
    rows = [("→", entry) for entry in asked["chosen"]]
    rows += [(teller.said("reserve"), entry) for entry in asked["reserves"]]
    rows += [(teller.said("rejected"), entry) for entry in asked["rejected"]]
    yield from table(
        [
            [
                f"    {mark}",
                f"#{entry['rank']}",
                teller.unit(entry["unit"]),
                _away(entry),
                teller.words(entry["sentence"]),
            ]
            for mark, entry in rows
        ]
    )
    if asked["shortfall"] is not None:
        gap = asked["shortfall"]
        yield f"    {teller.said('short')} {gap['count']}: {teller.words(gap['sentence'])}"
    for key, said in (("held_back", "held"), ("takes_lead", "leads")):
        if asked[key] is not None:
            yield f"    {teller.said(said)}: {teller.words(asked[key]['sentence'])}"


def _away(entry: Json) -> str:
    return "-" if entry["distance_m"] is None else f"{entry['distance_m'] / 1000:.1f} km"


def _answer(answer: Json, teller: Teller) -> Iterator[str]:
    yield f"{teller.said('unit')} {teller.unit(answer['unit'])}: {teller.words(answer['sentence'])}"
    yield from table(
        [
            [f"  {entry['requirement']}.", entry["pool"], entry["outcome"], teller.words(entry["sentence"])]
            for entry in answer["requirements"]
        ]
    )


def simulation_lines(told: Json, teller: Teller) -> Iterator[str]:
    """Write a simulation: what the tried version does, and the difference."""
    yield from explanation_lines(told["explanation"], teller)
    yield from (f"{teller.said('assumed')}: {teller.words(entry['sentence'])}" for entry in told["assumptions"])
    yield f"{teller.said('difference')} ({told['in_force_version']}):"
    yield from difference_lines(told["difference"], teller)


def difference_lines(found: Json, teller: Teller) -> Iterator[str]:
    """Write what differs."""
    if not found["differs"]:
        yield f"  {teller.said('none')}"
    yield from (f"  + {teller.unit(sent['unit'])} ({sent['role']})" for sent in found["joins"])
    yield from (f"  - {teller.unit(sent['unit'])} ({sent['role']})" for sent in found["leaves"])
    for turn in found["turns"]:
        yield f"  ~ {teller.unit(turn['unit'])}: {turn['what']} {turn['before'] or '-'} → {turn['after'] or '-'}"
    if found["lead_changes"]:
        yield f"  {teller.said('lead')}: {teller.unit(found['lead_before'])} → {teller.unit(found['lead_after'])}"
    for key, said in (("new_shortfalls", "new"), ("ended_shortfalls", "ended")):
        for lack in found[key]:
            kind, why = teller.words(lack["name"]), teller.words(lack["sentence"])
            yield f"  {teller.said(said)}: {kind} ({lack['role']}) × {lack['count']}, {why}"
    for key, said in (("newly_held_back", "waits"), ("no_longer_held_back", "no_wait")):
        yield from (f"  {teller.said(said)}: {teller.words(held['name'])} × {held['count']}" for held in found[key])


_TOTALS: Final = (
    *("incidents", "differing", "units_joining", "units_leaving", "lead_changes"),
    *("new_shortfalls", "ended_shortfalls", "drifted"),
)


def backtest_lines(told: Json, rows: Sequence[Json], teller: Teller) -> Iterator[str]:
    """Write what a back-test found; `rows` are the first that differ."""
    summary = told["summary"]
    yield f"{teller.version(told['ruleset_version'])}, {teller.said('directory')} {told['directory_version']}"
    yield f"{told['since'][:10]} – {told['until'][:10]}, {teller.said('state')}: {told['state']}"
    yield from (f"{teller.said('assumed')}: {teller.words(entry['sentence'])}" for entry in told["assumptions"])
    yield from table([[f"  {teller.said(key)}", str(summary[key])] for key in _TOTALS])
    for reason, count in summary["skipped"].items():
        yield f"  {teller.said('skipped')}: {count} ({reason})"
    if summary["rules"]:
        yield f"{teller.said('rules')}:"
    yield from table(
        [
            [f"  {rule['rule']}", f"{rule['before']} → {rule['after']}", teller.words(rule["name"])]
            for rule in summary["rules"]
        ]
    )
    if rows:
        yield f"{teller.said('first').format(n=len(rows))}:"
    for row in rows:
        yield f"  {row['number']}  {row['incident_type']}"
        changes = [f"+ {text}" for text in row["joins"]] + [f"- {text}" for text in row["leaves"]]
        changes += [f"~ {text}" for text in row["turns"]]
        changes += [f"{teller.said('new')}: {text}" for text in row["new_shortfalls"]]
        changes += [f"{teller.said('waits')}: {text}" for text in row["newly_held_back"]]
        if row["lead_changes"]:
            changes.append(f"{teller.said('lead')}: {row['lead_before'] or '-'} → {row['lead_after'] or '-'}")
        yield from (f"    {change}" for change in changes)


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write columns under each other; Chinese characters are two wide."""
    cells = [list(row) for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1 for character in text)


def progress_line(done: int, total: int, eta_s: float | None) -> str:
    """Draw how far it is."""
    share = done / total if total else 0.0
    filled = round(share * 24)
    left = "" if eta_s is None else f"  ETA {eta_s:.0f} s"
    return f"[{'#' * filled}{'.' * (24 - filled)}] {share:4.0%}  {done}/{total}{left}"
