/**
 * Incidents that may be the same event. The younger of two carries the link; the desk shows it at both while both are
 * open, and merging goes from the younger into the older.
 */
import type { Incident, Link } from "../wire/types.ts";
import { isOpen } from "./open.ts";

export interface Related {
  other: Incident;
  link: Link;
  /** Which of the two was opened later: it is merged into the other, and the link is its own. */
  younger: Incident;
  older: Incident;
}

export function relatedTo(incident: Incident, all: ReadonlyMap<string, Incident>): Related[] {
  if (!isOpen(incident)) return [];
  const own = (incident.links ?? []).flatMap((link) => {
    const other = all.get(link.incident_id);
    return other && isOpen(other) ? [{ other, link, younger: incident, older: other }] : [];
  });
  const others = [...all.values()].flatMap((other) => {
    const link = isOpen(other) ? other.links?.find((one) => one.incident_id === incident.id) : undefined;
    return link ? [{ other, link, younger: other, older: incident }] : [];
  });
  return [...own, ...others];
}
