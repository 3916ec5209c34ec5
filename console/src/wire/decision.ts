/** A decision: what matched, what was asked for, who was looked at. */
import type { Named, Role, Trigger, UnitBrief } from "./basics.ts";

export interface Condition {
  text: string;
  value: unknown;
  met: boolean;
}

export interface MatchedRule {
  rule: string;
  name: Named | string;
  conditions: Condition[];
}

/** Without a unit kind every unit with the capability is meant. */
export interface Requirement {
  unit_kind: string | null;
  role: Role;
  required_count: number;
  mandatory?: boolean;
  capability?: string | null;
  within_m?: number | null;
  rest_s?: number | null;
  units?: string[];
  language?: string | null;
  tier?: string | null;
  spread?: string | null;
  /** So many are asked where `required_count` are needed; with `claim` the first to acknowledge have it. */
  ask?: number | null;
  claim?: boolean;
  release?: Trigger | null;
  leads?: Trigger | null;
  filled: string[];
  shortfall: { reason: string; count: number } | null;
}

export interface Considered {
  unit: UnitBrief;
  requirement: number | string | null;
  rank: number | null;
  outcome: "chosen" | "rejected" | "reserve";
  reason: string | null;
  distance_m?: number | null;
  position_age_s?: number | null;
}

export interface Decision {
  ruleset_version: number | string | null;
  directory_version: number | string | null;
  matched: MatchedRule[];
  unmatched_nearby?: MatchedRule[];
  /** Unit kinds that the rules forbid here. */
  excluded?: string[];
  requirements: Requirement[];
  considered: Considered[];
}
