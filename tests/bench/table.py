"""One table out of all figures: ours, the floor, the peers, the ratios, and what was aimed at."""

import math
from typing import Any, NamedTuple

OTHERS = ("floor", "Socket.IO", "Django")
NONE = float("nan")


class Row(NamedTuple):
    """One figure: ours, and those of the others that have it."""

    name: str
    ours: float
    others: dict[str, float]
    aim: str


def render(results: dict[str, dict[str, Any]]) -> str:
    """Give the table as Markdown."""
    head = ["", "ours", *OTHERS, *(f"ours/{other}" for other in OTHERS), "aim"]
    lines = [head, ["---", *["---:"] * (len(head) - 2), "---"]]
    for row in _rows(results):
        others = [row.others.get(other, NONE) for other in OTHERS]
        ratios = [_number(row.ours / other) if other else "–" for other in others]
        lines.append([row.name, _number(row.ours), *map(_number, others), *ratios, row.aim])
    busy = results["notes"]["machine_busy_before"]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"{table}\n\nThe machine was {busy:.0%} busy before the first run."


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _rows(results: dict[str, dict[str, Any]]) -> list[Row]:
    rows: list[Row] = []
    for rate in results.get("rates", {}).get("ours", {}):
        for key, what, aim in (
            ("p50_ms", "p50 ms", "≤ 1.3 × floor, < Socket.IO"),
            ("p99_ms", "p99 ms", ""),
            ("cpu_ms", "server CPU ms per POST", "≤ 2 × floor"),
        ):
            rows.append(_row(results, f"POST to four frames at {rate}/s, {what}", ("rates", rate, key), aim))
    rows.append(_row(results, "most incidents/s", ("max", "per_s"), "≥ 0.8 × floor, ≥ 2 × Socket.IO"))
    idle = results.get("mem", {}).get("ours", {}).get("consoles", 0)
    rows.append(_row(results, f"KiB per idle console, {idle:,} of ours", ("mem", "kib_each"), "≤ 1.1 × floor"))
    walls = results.get("broadcast", {}).get("ours", {}).get("consoles", 0)
    rows.append(_row(results, f"one call to {walls:,} walls, the last, ms", ("broadcast", "last_ms"), "≤ 1.2 × floor"))
    rows.append(_row(results, f"one call to {walls:,} walls, server CPU ms", ("broadcast", "cpu_ms"), "≤ 1.2 × floor"))
    rows.append(_row(results, "kill -9 → 1,000 consoles live again, ms", ("recover", "all_live_ms"), "≤ 2,000"))
    for mode, what in (("kill", "kill -9 under load"), ("drop", "a quarter of the consoles cut for 2 s")):
        rows.append(_row(results, f"{what}: acknowledged, never on all four", (mode, "never_whole"), "0"))
        rows.append(_row(results, f"{what}: shown twice", (mode, "shown_twice"), "0"))
    rows.append(_row(results, "timer lateness as seen at a console, p99 ms", ("timers", "p99_ms"), "≤ 10"))
    if late := results.get("overdue"):
        what = f"{late['timers']:,} timers overdue after an outage"
        rows.append(Row(f"{what}: all acted on, s", late["seconds"], {}, ""))
        rows.append(Row(f"{what}: transactions", late["transactions"], {}, "no storm"))
        rows.append(Row(f"{what}: acted on before a more urgent one", late["out_of_order"], {}, "0"))
    for size, figures in results.get("decisions", {}).items():
        rules = f"{int(size):,} rules, 10,000 units, 10,000 polygons"
        rows.append(Row(f"decided with {rules}, p50 µs", figures["p50_us"], {}, "≤ 100 at 10,000"))
        rows.append(Row(f"decided with {rules}, p99 µs", figures["p99_us"], {}, "less than linear in rules"))
        rows.append(Row(f"rules ready after a change, {rules}, ms", figures["rules_reload_ms"], {}, ""))
        rows.append(Row(f"memory of the rules, {rules}, MiB", figures["rules_mib"], {}, ""))
        rows.append(Row(f"directory ready after a change, {rules}, ms", figures["city_reload_ms"], {}, ""))
    if flat := results.get("flat", {}).get("ours"):
        rows.append(Row("memory after a tenth of the incidents, MiB", flat["mib"][0], {}, ""))
        rows.append(Row(f"memory after {flat['incidents']:,} incidents, MiB", flat["mib"][-1], {}, "flat"))
    return [row for row in rows if not math.isnan(row.ours)]


def _row(results: dict[str, dict[str, Any]], name: str, path: tuple[str, ...], aim: str) -> Row:
    mode, *keys = path
    found = {}
    for subject in ("ours", *OTHERS):
        value: Any = results.get(mode, {}).get(subject, {})
        for key in keys:
            value = value.get(key, {}) if isinstance(value, dict) else {}
        found[subject] = float(value) if isinstance(value, int | float) else NONE
    return Row(name, found.pop("ours"), found, aim)
