/** Divisions as a picker offers them. */
import { divisionName, type Names } from "../names.svelte.ts";
import type { Option } from "./Picker.svelte";

export const has = (words: string, ...texts: (string | null | undefined)[]): boolean =>
  texts.some((text) => text?.toLowerCase().includes(words.toLowerCase()));

export function divisionOptions(names: Names, words: string): Option[] {
  return (names.catalogue?.divisions ?? [])
    .filter((one) => has(words, one.code, one.name, one.name_en))
    .map((one) => ({ id: one.code, label: divisionName(one), hint: `${names.division(one.parent_code)} ${one.code}` }));
}
