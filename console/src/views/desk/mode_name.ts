/** How a mode is called: its grade or colour in the language of the screen. */
import type { Translator } from "../../state/messages/catalogue.ts";
import type { modes } from "../../state/messages/modes.ts";
import type { Mode } from "../../wire/types.ts";

export function modeName(t: Translator<typeof modes>, mode: Pick<Mode, "field" | "value">): string {
  switch (mode.field) {
    case "response_mode":
      return mode.value === "normal" ? t("mode.normal") : t("mode.response_mode", { value: t.code("grade", mode.value) });
    case "warning_colour":
      return t("mode.warning_colour", { value: t.code("colour", mode.value) });
    case "weather":
      return t("mode.weather", { value: mode.value });
  }
}
