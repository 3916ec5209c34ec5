/** Drills on the wire. */
import type { Instant, UnitBrief } from "./basics.ts";

/** To whom a drill's messages go; without a channel on every one that there is. */
export interface DrillRecipient {
  channel: string | null;
  address: string;
  name: string;
}

/** An exercise announced for a division. `units` take part; none are named: every unit of the division. */
export interface Drill {
  id: string;
  name: string;
  division: { code: string; name: string | null; name_en: string | null };
  units: UnitBrief[];
  recipients: DrillRecipient[];
  starts_at: Instant;
  ends_at: Instant;
  announced_by: string;
  announced_at: Instant;
  ended_at: Instant | null;
  ended_by: string | null;
}

/** No units: every unit of the division takes part; no recipients: no message leaves the house. */
export interface NewDrill {
  name: string;
  division_code: string;
  unit_ids?: string[];
  recipients?: { name: string; address: string }[];
  starts_at?: Instant;
  ends_at: Instant;
}
