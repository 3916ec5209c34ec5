/** Units as a picker offers them: of those that the desk has read, else as the service finds them. */
import { nameOf } from "../../state/format.ts";
import { language } from "../language.svelte.ts";
import type { Desk } from "./desk.svelte.ts";
import type { Option } from "./Picker.svelte";
import { has } from "./whereabouts.ts";

export async function unitOptions(desk: Desk, words: string, without: ReadonlySet<string>): Promise<Option[]> {
  const known = desk.roster.size > 0 ? [...desk.roster.values()] : await desk.api.units({ q: words, limit: 30 }).catch(() => []);
  return known
    .filter((one) => !without.has(one.id) && has(words, one.code, one.name, one.name_en))
    .map((one) => ({
      id: one.id,
      label: nameOf(one, language.current),
      hint: [desk.names.unitKind(one.kind), one.code ?? ""].filter(Boolean).join(" · "),
    }));
}
