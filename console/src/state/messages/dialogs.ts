import type { Texts } from "./catalogue.ts";

/** Dialogs and their answers. */
export const dialogs = {
  "app.name": ["湘潭市应急联动调度", "Xiangtan emergency dispatch"],
  "help.title": ["快捷键", "Keyboard"],
  "help.close": ["关闭", "Close"],
  "help.letters": ["启用单字母快捷键", "Single-letter keys on"],
  "dialog.cancel": ["返回", "Back"],
  "error.unavailable": ["服务暂不可用，请稍后重试（{code}）", "The service is unavailable for now; try again ({code})"],
} as const satisfies Texts;
