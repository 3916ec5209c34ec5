/**
 * A further press may say more than "again": it can carry another choice than the one that opened the incident. The
 * service joins it and sends nobody by itself, so people must hear of it.
 */
import type { EventFrame } from "../wire/frames.ts";
import type { Call, Exercise, Incident, Instant } from "../wire/types.ts";

export interface FurtherCall {
  id: string;
  incidentId: string;
  choice: string;
  exercise: Exercise;
  at: Instant;
}

export const furtherCallKey = (one: FurtherCall): string => one.id;

/** By this it is handled or dismissed: the same said once more is nothing new. */
export const sayingKey = (one: FurtherCall): string => `${one.incidentId}:${one.choice}:${one.exercise}`;

/** Null for a press that says nothing which the incident does not say already. */
export function furtherCallOf(event: EventFrame): FurtherCall | null {
  const { facts, incident } = event;
  if (event.event !== "incident.call_joined" || !incident) return null;
  return read(incident, facts?.["call_id"] ?? event.event_id, event.occurred_at, facts);
}

/** The same from the calls that are kept with the incident; a reader without details gets them without their bodies. */
export function furtherCallsIn(incident: Incident, calls: readonly Call[]): FurtherCall[] {
  return calls.flatMap((call) => {
    if (call.outcome !== "joined") return [];
    return read(incident, call.id, call.recorded_at ?? incident.opened_at, call.body) ?? [];
  });
}

function read(incident: Incident, id: unknown, at: Instant, said: object | null | undefined): FurtherCall | null {
  const { choice, exercise } = (said ?? {}) as Record<string, unknown>;
  if (typeof choice !== "string" || choice === "" || choice === incident.incident_type) return null;
  const of = incident.exercise ?? "actual";
  const marked = exercise === "exercise" || exercise === "test" || exercise === "actual" ? exercise : of;
  return { id: String(id), incidentId: incident.id, choice, exercise: marked, at };
}

/** A drill's press inside a real incident is shown but is no alarm. */
export function rings(call: FurtherCall, incident: Incident): boolean {
  return call.exercise === "actual" || (incident.exercise ?? "actual") !== "actual";
}

/** What was said besides, each once with the last time it was said, newest first. */
export function sayings(calls: readonly FurtherCall[], incidentId: string): FurtherCall[] {
  const last = new Map<string, FurtherCall>();
  for (const call of calls) {
    if (call.incidentId !== incidentId) continue;
    const before = last.get(sayingKey(call));
    if (!before || before.at < call.at) last.set(sayingKey(call), call);
  }
  return [...last.values()].toSorted((a, b) => b.at.localeCompare(a.at));
}
