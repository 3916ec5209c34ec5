import type { Texts } from "./catalogue.ts";

/** What every page says around its content. */
export const shell = {
  "language.other": ["English", "中文"],
  "language.switch": ["切换语言", "Switch language"],
  "help.open": ["快捷键 F1", "Keys F1"],
  "error.unreachable": ["服务器没有应答，请检查网络后重试", "The service did not answer; check the network and try again"],
} as const satisfies Texts;
