import type { Texts } from "./catalogue.ts";
import { shell } from "./shell.ts";

/** Why something was not taken, and at which field. */
export const refusals = {
  "error.unreachable": shell["error.unreachable"],
  "refused.and": ["；", "; "],
  "refused.trouble": ["服务暂不可用，未保存，请稍后再发送（{code}）", "The service is in trouble; nothing was stored. Send it again in a while ({code})"],
  "refused.other": ["未被接受：{detail}（{code}）", "Not taken: {detail} ({code})"],
  "refused.kept": ["未提交。填写内容均已保留。", "Not sent. All that you have typed is kept."],
  "refused.again": ["可放心再次发送：同一份不会录入两次。", "Send it again without fear: the same is never entered twice."],
  "refusal.forbidden": ["您的账号无此权限，或不在您的辖区内", "Your account may not do this, or it is outside your area"],
  "refusal.unauthenticated": ["登录已失效：请在另一窗口登录后回到此处再发送", "You are signed out: sign in in another window, come back here and send again"],
  "refusal.paper_number_taken": ["此编号已经录入过，内容与本次不同：请核对编号", "A record with this number is entered already and says something else: check the number"],
  "refusal.unit_unavailable": [
    "有单位正在处置其他警情，不能再记为在办。请先在该警情撤派，或把本记录填为已结束",
    "A crew is on another incident and cannot be at work here too. Revoke it there first, or enter this record as over",
  ],
  "refusal.wrong_state": ["已经结束", "It is over already"],
  "refusal.idempotency_key_reused": ["内容有变，请再发送一次", "The content has changed; send it once more"],
  "fault.needed": ["必填", "Needed"],
  "fault.where_required": ["地点、地址、区划至少填一项", "Give a place, an address or a division"],
  "fault.string_pattern_mismatch": ["只能用字母、数字和 . _ / -，以字母或数字开头", "Letters, digits and . _ / - only, beginning with a letter or digit"],
  "fault.string_too_long": ["太长", "Too long"],
  "fault.in_the_future": ["晚于现在：请核对日期和时间", "That is still to come: check day and time"],
  "fault.out_of_order": ["时间先后不对：每一步不早于上一步，且不晚于结束", "Out of order: no step before the one above it, none after the end"],
  "fault.earlier": ["早于上一步", "Earlier than the step before"],
  "fault.which_day": ["早于上一步，或在 12 小时之后：请填日期", "Before the last step or more than 12 h after it: give the day"],
  "fault.no_time": ["时间不对", "Not a time"],
  "fault.before_steps": ["早于某单位的步骤", "Earlier than a step of a unit"],
  "fault.repeated_unit": ["该单位已填过", "This unit stands here already"],
  "fault.second_lead": ["主办只能有一个", "Only one unit leads"],
  "fault.unknown_unit": ["没有这个单位", "No such unit"],
  "fault.unknown_division": ["没有这个区划", "No such division"],
  "fault.unknown_place": ["没有这个地点", "No such place"],
  "fault.unknown_incident_type": ["没有这种警情类型", "No such incident type"],
  "fault.ends_before_start": ["结束须在开始之后，且不能已过", "The end comes after the start, and is not past"],
  "fault.missing": ["必填", "Needed"],
} as const satisfies Texts;
