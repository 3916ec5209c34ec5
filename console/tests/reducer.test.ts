import { describe, expect, test } from "vitest";
import { applyEvent, emptyPicture, fromSnapshot, mergeAssignment, withoutIncident } from "../src/state/reducer.ts";
import { isOpen } from "../src/state/open.ts";
import { assignment, event, incident } from "./builders.ts";

const known = fromSnapshot({
  incidents: [incident({ version: 3, assignments: [assignment({ version: 2 }), assignment({ id: "a2", version: 2 })] })],
  units: [],
});
const statusOf = (picture: typeof known, id: string) =>
  picture.incidents.get("i1")?.assignments.find((one) => one.id === id)?.status;

describe("the picture", () => {
  test("a snapshot replaces everything that was known", () => {
    const next = fromSnapshot({ incidents: [incident({ id: "i2" })], units: [] });
    expect([...next.incidents.keys()]).toEqual(["i2"]);
  });

  test("an event keeps the assignments that it does not mention", () => {
    const frame = event({ incident: incident({ version: 4, assignments: [assignment({ version: 3, status: "acknowledged" })] }) });
    const next = applyEvent(known, frame);
    expect(statusOf(next, "a1")).toBe("acknowledged");
    expect(statusOf(next, "a2")).toBe("issued");
  });

  test("the same event twice changes nothing the second time", () => {
    const frame = event({ incident: incident({ version: 4 }) });
    const once = applyEvent(known, frame);
    expect(applyEvent(once, frame)).toBe(once);
  });

  test("events out of order end in the newest state", () => {
    const first = event({ incident: incident({ version: 4, status: "in_progress", assignments: [assignment({ version: 3, status: "acknowledged" })] }) });
    const second = event({ incident: incident({ version: 5, status: "resolved", assignments: [assignment({ version: 4, status: "en_route" })] }) });
    const forward = applyEvent(applyEvent(known, first), second);
    const backward = applyEvent(applyEvent(known, second), first);
    expect(backward.incidents).toEqual(forward.incidents);
    expect(backward.incidents.get("i1")?.status).toBe("resolved");
  });

  test("an older incident does not undo a newer one", () => {
    const next = applyEvent(known, event({ incident: incident({ version: 2, status: "received" }) }));
    expect(next.incidents.get("i1")?.status).toBe("dispatched");
  });

  test("an older assignment does not undo a newer one", () => {
    const next = applyEvent(known, event({ assignment: assignment({ version: 1, status: "completed" }) }));
    expect(statusOf(next, "a1")).toBe("issued");
  });

  test("an assignment of the same version brings the words that a new lead may now read", () => {
    const told = { outcome: "handled", text: "all quiet" };
    const next = applyEvent(known, event({ assignment: assignment({ version: 2, status: "issued", feedback: told }) }));
    expect(next.incidents.get("i1")?.assignments[0]?.feedback).toEqual(told);
  });

  test("an event of an unknown incident brings it in", () => {
    const next = applyEvent(emptyPicture, event({ incident: incident({ assignments: [assignment()] }) }));
    expect(next.incidents.get("i1")?.assignments).toHaveLength(1);
  });

  test("an assignment of an unknown incident is left alone", () => {
    expect(mergeAssignment(emptyPicture, assignment()).incidents.size).toBe(0);
  });

  test("a unit's state is replaced by its id", () => {
    const unit = { id: "u1", code: "PS-12", name: "所", kind: "police_station", status: "available" };
    const first = applyEvent(known, event({ event: "unit.status_changed", unit }));
    const next = applyEvent(first, event({ event: "unit.status_changed", unit: { ...unit, status: "committed" } }));
    expect(next.units.get("u1")?.status).toBe("committed");
  });

  test("the picture given in is never changed", () => {
    const before = JSON.stringify([...known.incidents]);
    applyEvent(known, event({ incident: incident({ version: 9, assignments: [assignment({ version: 9, status: "completed" })] }) }));
    expect(JSON.stringify([...known.incidents])).toBe(before);
  });

  test("memory of applied events is bounded", () => {
    let picture = known;
    for (let turn = 0; turn < 2_500; turn += 1) picture = applyEvent(picture, event({}));
    expect(picture.seen.size).toBe(2_000);
  });

  test("a closed incident can leave the picture", () => {
    expect(isOpen(incident({ status: "closed" }))).toBe(false);
    expect(withoutIncident(known, "i1").incidents.size).toBe(0);
  });
});
