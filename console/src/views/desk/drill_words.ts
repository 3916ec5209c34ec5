/** Who takes part in a drill and whom its messages reach, in the language of the screen. */
import { nameOf } from "../../state/format.ts";
import type { Translator } from "../../state/messages/catalogue.ts";
import type { drills } from "../../state/messages/drills.ts";
import type { Drill } from "../../wire/types.ts";
import { language } from "../language.svelte.ts";

type Say = Translator<typeof drills>;

export function participants(t: Say, { units }: Pick<Drill, "units">): string {
  if (units.length === 0) return t("drill.everybody");
  return t("drill.only", { units: units.map((unit) => nameOf(unit, language.current)).join(" · ") });
}

export function messagesTo(t: Say, { recipients }: Pick<Drill, "recipients">): string {
  if (recipients.length === 0) return t("drill.no_messages");
  return t("drill.messages", { who: recipients.map((one) => `${one.name} ${one.address}`).join(" · ") });
}
