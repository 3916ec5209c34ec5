/** What the service said to something that a dialog sent, and how to say it to people. */
import type { ProblemBody } from "../wire/types.ts";
import type { Translator } from "./messages/catalogue.ts";
import type { refusals } from "./messages/refusals.ts";

/** Null for `problem`: nobody answered, so that the same may be sent again. */
export interface Refused {
  problem: ProblemBody | null;
}

export type RefusalTexts = Translator<typeof refusals>;

export interface FaultWords {
  pointer: string;
  words: string;
}

/** Each fault in words: those that have none of their own, as the service put it. */
export function faultWords(t: RefusalTexts, { problem }: Refused): FaultWords[] {
  return (problem?.errors ?? []).map(({ pointer = "", code = "", detail }) => ({ pointer, words: wordsOf(t, code, detail ?? code) }));
}

/** A sentence for the whole; faults stand beside it. */
export function refusedWords(t: RefusalTexts, refused: Refused): string {
  const { problem } = refused;
  if (problem === null) return t("error.unreachable");
  const { code = "", detail = "", status = 0 } = problem;
  const known = t.code("errand", code);
  if (known !== code.replaceAll(/[_.]/g, " ")) return known;
  const faults = [...new Set(faultWords(t, refused).map(({ words }) => words))];
  if (faults.length > 0) return faults.join(t("refused.and"));
  return t(status >= 500 ? "refused.trouble" : "refused.other", { detail, code });
}

function wordsOf(t: RefusalTexts, code: string, detail: string): string {
  const known = t.code("fault", code);
  return known === code.replaceAll(/[_.]/g, " ") ? detail : known;
}
