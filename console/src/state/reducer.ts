/**
 * The picture that a console has of its scope: what the last snapshot said, plus the events since.
 * Pure: a new picture comes out, the old one stays as it was.
 *
 * Invariant: old snapshot + the events since = new snapshot, in any order of arrival and with any
 * number of repeats. Versions only grow; an older incident or assignment changes nothing.
 */
import type { EventFrame, SnapshotFrame } from "../wire/frames.ts";
import type { Assignment, Incident, Unit } from "../wire/types.ts";

export interface Picture {
  readonly incidents: ReadonlyMap<string, Incident>;
  readonly units: ReadonlyMap<string, Unit>;
  /** Ids of the events applied last, oldest first, to drop the repeats that a resume may bring. */
  readonly seen: ReadonlySet<string>;
}

export const emptyPicture: Picture = { incidents: new Map(), units: new Map(), seen: new Set() };

const rememberedEvents = 2_000;

export function fromSnapshot(frame: Pick<SnapshotFrame, "incidents" | "units">): Picture {
  return {
    incidents: new Map(frame.incidents.map((incident) => [incident.id, incident])),
    units: new Map((frame.units ?? []).map((unit) => [unit.id, unit])),
    seen: new Set(),
  };
}

export function applyEvent(picture: Picture, frame: EventFrame): Picture {
  if (picture.seen.has(frame.event_id)) return picture;
  let incidents = picture.incidents;
  if (frame.incident) incidents = withIncident(incidents, frame.incident);
  if (frame.assignment) incidents = withAssignment(incidents, frame.assignment);
  const units = frame.unit ? withUnit(picture.units, frame.unit) : picture.units;
  return { incidents, units, seen: remember(picture.seen, frame.event_id) };
}

/** What a request answered goes the same way as what the live link brings. */
export function mergeIncident(picture: Picture, incident: Incident): Picture {
  return { ...picture, incidents: withIncident(picture.incidents, incident) };
}

export function mergeAssignment(picture: Picture, assignment: Assignment): Picture {
  return { ...picture, incidents: withAssignment(picture.incidents, assignment) };
}

/** Closed incidents leave the picture; a page drops them once nobody looks at them any more. */
export function withoutIncident(picture: Picture, id: string): Picture {
  if (!picture.incidents.has(id)) return picture;
  const incidents = new Map(picture.incidents);
  incidents.delete(id);
  return { ...picture, incidents };
}

function withIncident(known: ReadonlyMap<string, Incident>, arrived: Incident): ReadonlyMap<string, Incident> {
  const before = known.get(arrived.id);
  const changes = arrived.assignments ?? [];
  const assignments = changes.reduce(upsert, before?.assignments ?? []);
  // An older frame that comes late only fills in what is not known yet: description and caller are said but once.
  const fields = !before || arrived.version >= before.version ? { ...before, ...arrived } : { ...arrived, ...before };
  return new Map(known).set(arrived.id, { ...fields, assignments });
}

function withAssignment(
  known: ReadonlyMap<string, Incident>,
  arrived: Assignment,
): ReadonlyMap<string, Incident> {
  const incident = known.get(arrived.incident_id);
  if (!incident) return known;
  const assignments = upsert(incident.assignments, arrived);
  if (assignments === incident.assignments) return known;
  return new Map(known).set(incident.id, { ...incident, assignments });
}

function upsert(list: Assignment[], arrived: Assignment): Assignment[] {
  const at = list.findIndex((one) => one.id === arrived.id);
  if (at < 0) return [...list, arrived];
  const before = list[at];
  if (before && arrived.version < before.version) return list;
  return list.with(at, { ...before, ...arrived });
}

function withUnit(known: ReadonlyMap<string, Unit>, arrived: Unit): ReadonlyMap<string, Unit> {
  const before = known.get(arrived.id);
  if (before?.version !== undefined && arrived.version !== undefined && arrived.version < before.version) {
    return known;
  }
  return new Map(known).set(arrived.id, { ...before, ...arrived });
}

function remember(seen: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(seen).add(id);
  if (next.size > rememberedEvents) {
    const oldest = next.values().next().value;
    if (oldest !== undefined) next.delete(oldest);
  }
  return next;
}
