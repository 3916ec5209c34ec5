/** What the other shapes on the wire are made of. */

export type Instant = string;
export type Severity = "I" | "II" | "III" | "IV" | "NONE";
export type Urgency = "critical" | "urgent" | "normal" | "routine";
export type Role = "lead" | "support" | "notify";
export type Exercise = "actual" | "exercise" | "test";

export interface UnitBrief {
  id: string;
  code: string | null;
  /** Null once the unit has left the directory. */
  name: string | null;
  name_en?: string | null;
  kind: string | null;
  agency?: string | null;
}

export interface Named {
  zh: string;
  en: string;
}

export type WaitedFor = "confirmed" | "lead_silent" | "lead_acknowledged" | "lead_arrived" | "lead_fed_back" | "shortfall";

/** What is waited for: everything that is named, all at once. Time counts from the opening of the incident. */
export interface Trigger {
  after_s?: number | null;
  event?: WaitedFor | null;
  tag?: string | null;
}
