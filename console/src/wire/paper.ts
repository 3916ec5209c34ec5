/** A record that was kept on paper while the service was away. */
import type { Instant, Role } from "./basics.ts";
import type { NewIncident } from "./types.ts";

export type PaperStamp = "issued_at" | "acknowledged_at" | "en_route_at" | "on_scene_at" | "completed_at";
export type PaperOutcome = "handled" | "handed_over" | "person_taken_to_hospital" | "unfounded" | "other";

export interface PaperUnit extends Partial<Record<PaperStamp, Instant>> {
  unit_id: string;
  role: Role;
  issued_at: Instant;
  feedback?: { outcome: PaperOutcome; text?: string };
}

/** With `ended_at` it is over; without, it goes on with the units that are named. */
export interface PaperRecord extends NewIncident {
  paper_number: string;
  occurred_at: Instant;
  units: PaperUnit[];
  ended_at?: Instant;
  disposition?: string;
}
