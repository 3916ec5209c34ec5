/** What has changed, in the words of the unit's page. */
import { nameOf, type Language } from "../../state/format.ts";
import type { common } from "../../state/messages/common.ts";
import type { unitLater } from "../../state/messages/unit_later.ts";
import { priorityOf } from "../../state/priority.ts";
import type { Incident } from "../../wire/types.ts";
import type { Translator } from "../../state/messages/catalogue.ts";
import type { Names } from "../names.svelte.ts";

interface Speech {
  t: Translator<typeof common & typeof unitLater>;
  names: Names;
  language: Language;
}

/** `null`: something has, but nobody here was told what. */
export function changeWords(incident: Incident, changed: readonly string[] | null, speech: Speech): string[] {
  return changed?.map((what) => wordOf(what, incident, speech)) ?? [speech.t("change.check")];
}

function wordOf(what: string, incident: Incident, { t, names, language }: Speech): string {
  if (what === "severity") return t("change.severity", { level: t(`severity.${incident.severity}`) });
  if (what === "urgency") return t("change.urgency", { level: t(`priority.${priorityOf({ ...incident, severity: "NONE" })}`) });
  if (what !== "address") return t("change.tag", { tag: t.code("tag", what.replace("tag:", "")) });
  const parts = [incident.place ? nameOf(incident.place, language) : "", incident.address ?? "", names.division(incident.division_code)];
  return t("change.address", { where: [...new Set(parts)].filter((part) => part !== "").join(" · ") });
}
