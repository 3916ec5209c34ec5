/** What and where something may be, as a picker offers it: types, registered places and divisions. */
import type { Api } from "../../wire/api.ts";
import { nameOf } from "../../state/format.ts";
import { language } from "../language.svelte.ts";
import { divisionName, type Names } from "../names.svelte.ts";
import type { Option } from "./Picker.svelte";

export interface Whereabouts {
  place?: { name?: string | null; name_en?: string | null } | null;
  address?: string | null;
  division_code?: string | null;
}

/** Place, address and division in one line, each once. */
export function whereWords({ place, address, division_code }: Whereabouts, names: Names): string {
  const parts = [place ? nameOf(place, language.current) : "", address ?? "", names.division(division_code)];
  return [...new Set(parts)].filter((part) => part !== "").join(" · ");
}

export const has = (words: string, ...texts: (string | null | undefined)[]): boolean =>
  texts.some((text) => text?.toLowerCase().includes(words.toLowerCase()));

export function divisionOptions(names: Names, words: string): Option[] {
  return (names.catalogue?.divisions ?? [])
    .filter((one) => has(words, one.code, one.name, one.name_en))
    .map((one) => ({ id: one.code, label: divisionName(one), hint: `${names.division(one.parent_code)} ${one.code}` }));
}

export async function placeOptions(api: Api, names: Names, words: string): Promise<Option[]> {
  try {
    const places = await api.places({ q: words, limit: 20 });
    return places.map((one) => ({
      id: one.id,
      label: nameOf(one, language.current),
      hint: [names.placeKind(one.kind), one.address ?? ""].filter(Boolean).join(" · "),
    }));
  } catch {
    return [];
  }
}

export function typeOptions(names: Names, words: string): Option[] {
  return Object.entries(names.catalogue?.incident_types ?? {})
    .filter(([code, entry]) => has(words, code, entry.zh, entry.en))
    .map(([code]) => ({ id: code, label: names.type(code), hint: code }));
}
