/** Names of kinds, types and divisions from the service's catalogue, kept for a start without network. */
import type { Catalogue, DivisionEntry, Severity, Urgency } from "../wire/types.ts";
import { readable } from "../state/messages/catalogue.ts";
import { language } from "./language.svelte.ts";

const storageKey = "dispatch.catalogue";

export class Names {
  catalogue = $state.raw<Catalogue | null>(stored());
  #divisions = $derived(new Map((this.catalogue?.divisions ?? []).map((one) => [one.code, one])));

  async load(api: { catalogue: () => Promise<Catalogue> }): Promise<void> {
    try {
      this.catalogue = await api.catalogue();
      localStorage.setItem(storageKey, JSON.stringify(this.catalogue));
    } catch {
      // The stored catalogue, or the codes themselves, serve until the next start.
    }
  }

  type(code: string): string {
    return this.#named(this.catalogue?.incident_types[code], code);
  }

  /** How grave a type usually is; one that the catalogue does not know is taken for urgent. */
  level(code: string): { urgency: Urgency; severity: Severity } {
    const { urgency = "urgent", severity = "NONE" } = this.catalogue?.incident_types[code] ?? {};
    return { urgency, severity };
  }

  unitKind(code: string | null | undefined): string {
    if (!code) return "";
    return this.#named(this.catalogue?.unit_kinds[code], code);
  }

  placeKind(code: string): string {
    return this.#named(this.catalogue?.place_kinds[code], code);
  }

  /** County and township, as people say it. */
  division(code: string | null | undefined): string {
    const parts: string[] = [];
    let one = this.#nearestDivision(code ?? "");
    while (one && parts.length < 3) {
      parts.unshift(divisionName(one));
      one = this.#divisions.get(one.parent_code ?? "");
    }
    const said = parts.length > 1 ? parts.slice(-2) : parts;
    return said.join(" · ") || (code ?? "");
  }

  /** The catalogue ends at townships; a village's code begins with its township's. */
  #nearestDivision(code: string): DivisionEntry | undefined {
    const prefixes = [code, code.slice(0, 9), code.slice(0, 6), code.slice(0, 4)];
    return prefixes.map((prefix) => this.#divisions.get(prefix)).find((one) => one !== undefined);
  }

  #named(entry: { zh: string; en: string } | undefined, code: string): string {
    if (!entry) return readable(code);
    return language.current === "en" ? entry.en : entry.zh;
  }
}

export function divisionName(division: DivisionEntry): string {
  return language.current === "en" && division.name_en ? division.name_en : division.name;
}

function stored(): Catalogue | null {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? "null") as Catalogue | null;
  } catch {
    return null;
  }
}
