/** What an incident holds back: who waits for whom, for what, and whether it is the operator they wait for. */
import type { Incident, Instant, Stage } from "../wire/types.ts";
import { toMs } from "./format.ts";
import { isOpen } from "./open.ts";

export const stageKey = (stage: Stage): string => `${stage.action}/${stage.requirement}`;

/** Whether only the operator's word is missing: what else it waits for has come. */
export function asksOperator(stage: Stage, incident: Incident, now: number | null): boolean {
  const { event, tag } = stage.trigger;
  if (event !== "confirmed" || !isOpen(incident)) return false;
  return (!tag || (incident.tags ?? []).includes(tag)) && !isAhead(stage.due_at, now);
}

export function awaitsOperator(incident: Incident, now: number | null): boolean {
  return (incident.stages ?? []).some((stage) => asksOperator(stage, incident, now));
}

/** A lead that has acknowledged is silent no more: what waited for its silence comes only by hand. */
export function isMoot(stage: Stage, incident: Incident): boolean {
  return (
    stage.trigger.event === "lead_silent" &&
    incident.assignments.some((one) => one.role === "lead" && Boolean(one.acknowledged_at))
  );
}

/** The clock to be shown: only while its time is still ahead and something will come of it by itself. */
export function clockOfStage(
  stage: Stage,
  incident: Incident,
  now: number | null,
): { since: Instant; by: Instant } | null {
  const stands = !isOpen(incident) || incident.status === "suspended" || isMoot(stage, incident);
  return stage.due_at && !stands && isAhead(stage.due_at, now) ? { since: incident.opened_at, by: stage.due_at } : null;
}

/** First what waits for the operator, then what comes by the clock, then the rest in the order of the plan. */
export function inStageOrder(incident: Incident, now: number | null): Stage[] {
  const rank = (stage: Stage): number => (asksOperator(stage, incident, now) ? 0 : clockOfStage(stage, incident, now) ? 1 : 2);
  return (incident.stages ?? []).toSorted(
    (a, b) =>
      rank(a) - rank(b) || (rank(a) === 1 ? (a.due_at ?? "").localeCompare(b.due_at ?? "") : a.requirement - b.requirement),
  );
}

/** Who is sent, or leads, by the adding of tags alone. */
export function releasedByTags(incident: Incident, added: readonly string[], now: number | null): Stage[] {
  return (incident.stages ?? []).filter(
    ({ trigger, due_at }) => trigger.tag && added.includes(trigger.tag) && !trigger.event && !isAhead(due_at, now),
  );
}

/** Before the service's time is known everything is still ahead. */
function isAhead(at: Instant | null, now: number | null): boolean {
  const instant = toMs(at);
  return instant !== null && (now === null || instant > now);
}
