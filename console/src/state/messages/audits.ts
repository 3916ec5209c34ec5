import type { Texts } from "./catalogue.ts";

/** What the auditor found: where to look, what to do. */
export const audits = {
  "audit.title": ["系统自查告警", "The system's own check"],
  "audit.none": ["自查正常，没有未消除的问题", "All is well: nothing that was found still stands"],
  "audit.what": [
    "系统每 5 秒自查一次。下列问题尚未消除；消除后自动消失。",
    "The system checks itself every 5 s. What follows still stands; it goes by itself once it is mended.",
  ],
  "audit.since": ["{at} 起，已 {age}", "since {at}, for {age}"],
  "audit.worst": ["最久 {worst}，限 {limit}", "worst {worst}, limit {limit}"],
  "audit.do": ["现在要做", "Do now"],
  "audit.look": ["先看这些警情（本席可见范围内，可能涉及）", "Look at these first (of those that you see, perhaps meant)"],
  "audit.look_none": ["本席可见范围内没有相关警情：可能在其他辖区", "Of those that you see none is meant: it may be in another area"],
  "audit.more": ["另有 {n} 起", "{n} more"],
  "audit.tell": ["同时通知系统管理员。", "Tell whoever runs the system, too."],
  "do.assignment_without_timer": ["超时不会自动催办：请自己盯住在办单位，逐一电话核实。", "Nobody will be urged by itself: watch the units at work, call each of them."],
  "do.timer_late": ["催办和升级可能停了：给未签收、未到场的单位打电话。", "Urging and escalating may have stopped: call every unit that has not answered or not arrived."],
  "do.silence_without_step": ["给未签收的单位打电话；无人接听则人工加派。", "Call the units that have not acknowledged; if nobody answers, send others by hand."],
  "do.deadline_without_step": ["给超时的单位打电话；无人接听则人工加派。", "Call the units that are late; if nobody answers, send others by hand."],
  "do.place_without_anybody": ["逐一核对未结警情：缺哪个单位，就人工派哪个。", "Go through the open incidents: whichever unit is missing, send it by hand."],
  "do.incident_without_anybody": ["人工派警；确实不需要的，结案。", "Dispatch by hand; what needs nobody, close."],
  "do.watermark_held": ["警情照常处置。若控制台显示过期，刷新页面。", "Go on as ever. If a console shows old news, reload it."],
  "do.delivery_late": ["短信、推送没有发出：请直接给单位打电话。", "Messages and pushes have not gone out: call the units yourself."],
  "do.kit_old": ["停机应急包不是最新：现在就打印或另存一份未结警情。", "The kit for the hours without the service is old: print or note the open incidents now."],
  "do.relay_stuck": ["部分控制台收不到新任务：给在办单位打电话，请其刷新页面。", "Some consoles get no news: call the units at work and have them reload the page."],
  "do.audit_unsealed": ["警情照常处置。", "Go on as ever."],
  "do.servers_silent": ["改用电话和纸质登记（停机应急包）。", "Use the telephone and paper (the kit)."],
  "do.other": ["请通知系统管理员。", "Tell whoever runs the system."],
} as const satisfies Texts;
