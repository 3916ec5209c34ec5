import type { Texts } from "./catalogue.ts";

/** Texts of a test of communication; no alarm's words. */
export const rollCall = {
  "roll.confirm": ["通信测试 · 点此确认", "Communication test: confirm"],
  "roll.done": ["通信测试 · 已确认", "Communication test: confirmed"],
} as const satisfies Texts;
