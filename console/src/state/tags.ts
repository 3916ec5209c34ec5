/** Tags that are added by hand: the common ones by a touch, any other by its code. */
import type { Incident } from "../wire/types.ts";
import { tags } from "./messages/tags.ts";

/** What is told over and over. */
export const commonTags = ["violence", "weapon", "fire", "injured", "transfer", "minor"] as const;

/** The tags to choose from: the common ones, and whatever somebody on this incident's plan waits for. */
export function offeredTags(incident: Incident): string[] {
  const awaited = (incident.stages ?? []).flatMap(({ trigger }) => trigger.tag ?? []);
  return [...new Set([...commonTags, ...awaited])];
}

/** What is new of the tags that were chosen and those that were typed, each once. */
export function tagsToAdd(present: readonly string[], chosen: readonly string[], typed: string): string[] {
  const codes = typed.split(/[\s,，、;；]+/).filter((code) => code !== "");
  return [...new Set([...chosen, ...codes.map(asKnown)])].filter((code) => !present.includes(code));
}

/** Rules compare letter by letter: a known tag is not missed for a capital. */
function asKnown(code: string): string {
  const small = code.toLowerCase();
  return `tag.${small}` in tags ? small : code;
}
