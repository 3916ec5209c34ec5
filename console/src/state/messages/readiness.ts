import type { Texts } from "./catalogue.ts";

/** The menu of what a desk does besides incidents. */
export const readiness = {
  "more.title": ["演练、测试、补录", "Drills, tests, paper"],
  "more.drills": ["演练", "Drills"],
  "more.drills_hint": ["宣布、查看、结束演练", "Announce, see and end drills"],
  "more.tests": ["通信测试", "Communication tests"],
  "more.tests_hint": ["呼叫控制台、一键设备和渠道，看谁应答", "Call consoles, buttons and channels; see who answers"],
  "more.paper": ["纸质补录", "Enter from paper"],
  "more.paper_hint": ["补录停机期间纸上登记的警情", "What was written on paper while the service was away"],
  "more.draft": ["有未提交的草稿", "A draft is waiting"],
} as const satisfies Texts;
