/** Units as a picker offers them. */
import { nameOf } from "../../state/format.ts";
import type { Unit } from "../../wire/types.ts";
import { language } from "../language.svelte.ts";
import type { Names } from "../names.svelte.ts";
import type { Option } from "./Picker.svelte";
import { has } from "./whereabouts.ts";

export function unitOptions(roster: ReadonlyMap<string, Unit>, names: Names, words: string, without: ReadonlySet<string>): Option[] {
  return [...roster.values()]
    .filter((one) => !without.has(one.id) && has(words, one.code, one.name, one.name_en))
    .map((one) => ({ id: one.id, label: nameOf(one, language.current), hint: [names.unitKind(one.kind), one.code ?? ""].filter(Boolean).join(" · ") }));
}
