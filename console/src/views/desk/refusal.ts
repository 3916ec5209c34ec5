/** A refusal in the language of the screen where it has words of its own; else what the service said. */
import type { Translator } from "../../state/messages/catalogue.ts";
import type { common } from "../../state/messages/common.ts";
import { desk } from "../../state/messages/desk.ts";
import type { Done } from "./desk.svelte.ts";

type Say = Translator<typeof common & typeof desk>;

export function refusalWords(t: Say, code: string, detail: string): string {
  return `refusal.${code}` in desk ? t.code("refusal", code) : detail;
}

export function failureText(t: Say, done: Extract<Done, { ok: false }>): string {
  if (done.unreachable) return t("error.unreachable");
  return t("error.refused", { detail: refusalWords(t, done.code, done.detail), code: done.code });
}
