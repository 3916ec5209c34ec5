import type { EventFrame } from "../src/wire/frames.ts";
import type { Assignment, Incident } from "../src/wire/types.ts";

export function assignment(over: Partial<Assignment> = {}): Assignment {
  return {
    id: "a1",
    incident_id: "i1",
    unit: { id: "u1", code: "PS-12", name: "书院路派出所", name_en: "Shuyuanlu police station", kind: "police_station" },
    role: "lead",
    mandatory: true,
    status: "issued",
    version: 1,
    issued_at: "2026-11-23T08:50:00.000000+00:00",
    acknowledge_by: "2026-11-23T08:51:00.000000+00:00",
    ...over,
  };
}

export function incident(over: Partial<Incident> = {}): Incident {
  return {
    id: "i1",
    number: "430304-20261123-000042",
    version: 1,
    status: "dispatched",
    incident_type: "psychiatric.disturbance",
    place: null,
    severity: "IV",
    urgency: "urgent",
    opened_at: "2026-11-23T08:50:00.000000+00:00",
    call_count: 1,
    assignments: [],
    ...over,
  };
}

let serial = 0;
export function event(over: Partial<EventFrame> = {}): EventFrame {
  serial += 1;
  return {
    type: "event",
    event_id: `e${serial}`,
    event: "incident.updated",
    occurred_at: "2026-11-23T08:50:01.000000+00:00",
    ...over,
  };
}

export class FakeStorage {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

export const at = (seconds: number): number => Date.parse("2026-11-23T08:50:00Z") + seconds * 1000;
