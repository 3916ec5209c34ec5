"""The kit as one page: read in any browser from a file, printed on A4, no script, nothing fetched.

Invariant: every text that came from outside is escaped, where it is put in and nowhere else.
"""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Final

from dispatch.domain.kit import STATUS_WORDS, URGENCY_WORDS, Kit, KitIncident, KitTask, KitUnit
from dispatch.domain.words import ROLE_WORDS, Words, counted, named

BLANKS: Final = 12
"""Paper forms for new incidents: a centre of a district fills so many in about an hour."""
DISTRICT_DIGITS: Final = 6
"""Division codes up to this length are a district's or wider (GB/T 2260)."""
_STYLE: Final = """
@page { size: A4; margin: 12mm }
body { font: 10.5pt/1.4 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; color: #000; background: #fff;
  margin: 0 auto; max-width: 190mm; padding: 4mm }
h1 { font-size: 17pt; margin: 0 } h2 { font-size: 13pt; margin: 6mm 0 2mm; border-bottom: 1pt solid #000 }
.old { border: 2.5pt solid #000; padding: 3mm; margin: 3mm 0; font-size: 12.5pt; font-weight: bold }
.en { font-size: 85%; color: #333 } .num { font-family: monospace; font-weight: bold }
table { border-collapse: collapse; width: 100%; margin: 1mm 0 } td, th { border: .5pt solid #555; padding: .8mm 1.5mm;
  text-align: left; vertical-align: top; unicode-bidi: isolate; overflow-wrap: anywhere }
th { background: #eee; font-weight: normal; font-size: 85% }
th, .word { overflow-wrap: normal; word-break: keep-all } .at { white-space: nowrap }
.card { border: 1pt solid #000; padding: 2mm; margin: 0 0 4mm; break-inside: avoid }
.card h3 { margin: 0; font-size: 12pt }
.said { white-space: pre-wrap; unicode-bidi: isolate } .tel { font-weight: bold; white-space: nowrap }
.drill { border: 1.5pt dashed #000; padding: 0 2mm; font-weight: bold }
.form { break-inside: avoid; margin: 0 0 5mm } .form td { height: 9mm } .forms { break-before: page }
@media screen { body { max-width: 280mm } }
tr { break-inside: avoid } thead { display: table-header-group }
"""


_RENEWED: Final = Words(
    "每 60 秒更新一次，若与现在相差 3 分钟以上，说明系统已停。",
    "It is renewed every 60 seconds; if it is older than 3 minutes, the service is down.",
)
_BY_HAND: Final = Words(
    "本页为手工生成，不会自动更新：它有多旧，与系统是否在运行无关。",
    "This page was made by hand and it is not renewed: its age says nothing about the service.",
)


def kit_page(kit: Kit) -> str:
    """Write the page."""
    made = _moment(kit.made)
    parts = [
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        '<meta http-equiv="refresh" content="60">' if kit.renewed else "",
        '<meta name="referrer" content="no-referrer">',
        f"<title>停机应急包 CAD-down kit {escape(made)}</title><style>{_STYLE}</style></head><body>",
        *_head(kit, made),
        *_incidents(kit),
        *_numbers(kit.units),
        *_units(kit.units),
        *_forms(kit.made),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _both(words: Words) -> str:
    if not words.en or words.en == words.zh:
        return _text(words.zh)
    return f'{_text(words.zh)} <span class="en">{_text(words.en)}</span>'


def _text(text: str) -> str:
    """Escape; what cannot be printed is left out."""
    return escape("".join(c for c in text if c >= " " or c == "\n"), quote=True)


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S (UTC%z)")


def _clock(moment: datetime | None) -> str:
    return "—" if moment is None else moment.strftime('<span class="at">%m-%d</span> <span class="at">%H:%M:%S</span>')


def _phones(phone: str, on_call: str = "") -> str:
    numbers = [number for number in (phone, on_call) if number] or ["—"]
    return " / ".join(f'<span class="tel">{_text(number)}</span>' for number in numbers)


def _head(kit: Kit, made: str) -> Iterable[str]:
    renewal = _RENEWED if kit.renewed else _BY_HAND
    yield '<h1>停机应急包 <span class="en">Kit for the hours without the service</span></h1>'
    yield (
        f'<div class="old">本快照生成于 {escape(made)}。此后发生的一切都不在此页上：逐件电话核实后再行动。'
        f"{renewal.zh}<br>"
        f'<span class="en">Made at {escape(made)}. Nothing that happened since is on this page: '
        f"ring and ask before you act. {renewal.en}</span></div>"
    )
    incidents = f"{len(kit.incidents)} 起未结警情 {counted(len(kit.incidents), 'open incident')}"
    units = f"{len(kit.units)} 个单位 {counted(len(kit.units), 'unit')}"
    counts = f"{incidents} · {units} · {_text(kit.made_by)}"
    yield f'<p class="en">{counts} · 含个人信息，用后销毁 holds personal data: destroy after use</p>'
    if kit.seal:
        yield (
            f'<p class="en">审计封存 audit seal <span class="num">{_text(kit.seal)}</span> · 保留此编号可证明此前记录'
            "未被改写 keep it: it proves that nothing before it was rewritten</p>"
        )
    if kit.left_out:
        yield f'<div class="old">另有 {kit.left_out} 起警情未列出。 {kit.left_out} more incidents are not shown.</div>'


def _incidents(kit: Kit) -> Iterable[str]:
    yield '<h2>未结警情 <span class="en">Open incidents</span></h2>'
    if not kit.incidents:
        yield '<p>无 <span class="en">none</span></p>'
    for incident in kit.incidents:
        yield from _incident(incident)


def _incident(one: KitIncident) -> Iterable[str]:
    drill = "" if one.exercise == "actual" else ' <span class="drill">演练 DRILL</span>'
    yield f'<div class="card"><h3><span class="num">{_text(one.number)}</span> {_both(one.kind)}{drill}</h3><table>'
    yield (
        f"<tr><th>时间 opened</th><td>{_clock(one.opened)}</td><th>级别 level</th>"
        f"<td>{_both(named(URGENCY_WORDS, one.urgency))} {_text(one.severity)}</td>"
        f"<th>状态 status</th><td>{_both(named(STATUS_WORDS, one.status))}</td></tr>"
    )
    where = [_both(one.division), _both(one.place), _text(one.address), _text(one.point)]
    yield f'<tr><th>地点 where</th><td colspan="5">{" · ".join(part for part in where if part)}</td></tr>'
    yield (
        f'<tr><th>报警人 caller</th><td colspan="5">{_text(one.caller) or "—"} {_phones(one.caller_phone)}</td></tr>'
        f'<tr><th>情况 what</th><td colspan="5" class="said">{_text(one.description) or "—"}</td></tr>'
    )
    if one.tags:
        yield f'<tr><th>标签 tags</th><td colspan="5">{"; ".join(map(_both, one.tags))}</td></tr>'
    if one.gaps:
        yield f'<tr><th>缺口 gaps</th><td colspan="5"><b>{"; ".join(map(_both, one.gaps))}</b></td></tr>'
    yield "</table><table><tr><th>角色 role</th><th>单位 unit</th><th>电话 phone</th><th>状态 status</th>"
    yield "<th>下发 issued</th><th>签收 ack.</th><th>出发 en route</th>"
    yield "<th>到场 on scene</th><th>反馈 feedback</th></tr>"
    yield from map(_task, one.tasks)
    yield "</table></div>"


def _task(task: KitTask) -> str:
    steps = "".join(f"<td>{_clock(moment)}</td>" for moment in task.steps)
    return (
        f'<tr><td class="word">{_both(named(ROLE_WORDS, task.role))}</td><td>{_both(task.unit)}</td>'
        f"<td>{_phones(task.phone, task.on_call_phone)}</td>"
        f'<td class="word">{_both(named(STATUS_WORDS, task.status))}</td>{steps}</tr>'
    )


def _numbers(units: Iterable[KitUnit]) -> Iterable[str]:
    """List by what they are the units of districts and of the city: whom to call when nobody nearer is known."""
    wide = sorted((u for u in units if len(u.division_code) <= DISTRICT_DIGITS), key=lambda u: (u.kind.zh, u.code))
    yield '<h2>区县以上单位电话 <span class="en">Telephone numbers by role: districts and city</span></h2>'
    for _, group in groupby(wide, key=lambda unit: unit.kind.zh):
        members = list(group)
        yield f"<table><thead><tr><th colspan='4'>{_both(members[0].kind)}</th></tr></thead>"
        yield from map(_unit, members)
        yield "</table>"


def _units(units: Iterable[KitUnit]) -> Iterable[str]:
    yield '<h2>各区划单位 <span class="en">Units by division</span></h2>'
    for _, group in groupby(units, key=lambda unit: unit.division_code):
        members = list(group)
        heading = f"{_both(members[0].division)} {_text(members[0].division_code)}"
        yield f"<table><thead><tr><th colspan='4'>{heading}</th></tr></thead>"
        yield from map(_unit, members)
        yield "</table>"


def _unit(unit: KitUnit) -> str:
    on_call = f"备勤 on call: {_text(unit.on_call)}" if unit.on_call else ""
    busy = f"在处 busy: {_text(', '.join(unit.busy_with))}" if unit.busy_with else ""
    return (
        f"<tr><td>{_both(unit.name)}<br><span class='en'>{_text(unit.code)} · {_both(unit.kind)}</span></td>"
        f"<td>{_both(unit.duty)}</td><td>{_phones(unit.phone, unit.on_call_phone)}</td>"
        f"<td>{'<br>'.join(part for part in (on_call, busy) if part)}</td></tr>"
    )


def _forms(made: datetime) -> Iterable[str]:
    """Blanks for new incidents: their numbers are what they are entered under when the service is back."""
    yield '<h2 class="forms">纸质登记 <span class="en">Paper records while the system is down</span></h2>'
    yield (
        "<p>每起新警情一张；恢复后由值班员按纸面编号补录。几个席位同时填写时，在编号后加席位号（如 -2）。"
        '<span class="en">One for each new incident; '
        "an operator enters them under their numbers when the service is back. "
        "Where several desks write, add the desk to the number (as in -2).</span></p>"
    )
    for number in range(1, BLANKS + 1):
        yield _form(f"P-{made:%Y%m%d}-{number:03d}")


def _form(number: str) -> str:
    empty = "<td></td>"
    unit_row = f"<tr>{empty * 7}</tr>"
    return (
        f'<div class="form"><table><tr><th colspan="2"><span class="num">{number}</span></th>'
        f'<th>时间 occurred</th><td colspan="2"></td><th>类型 type</th>{empty}</tr>'
        '<tr><th>报警人 caller</th><td colspan="3"></td><th>电话 phone</th><td colspan="2"></td></tr>'
        '<tr><th>地点 where</th><td colspan="6"></td></tr><tr><th>情况 what</th><td colspan="6"></td></tr>'
        "<tr><th>单位 unit</th><th>角色 role</th><th>通知 issued</th><th>签收 ack.</th><th>出发 en route</th>"
        f"<th>到场 on scene</th><th>完成 completed</th></tr>{unit_row * 4}"
        '<tr><th>结果 outcome</th><td colspan="3"></td><th>结束 ended</th>'
        "<td></td><th>填写人 by</th></tr></table></div>"
    )
