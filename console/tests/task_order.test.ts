import { describe, expect, test } from "vitest";
import { inTaskOrder, shownOf } from "../src/state/task_order.ts";
import type { Assignment, Incident } from "../src/wire/types.ts";
import { assignment, incident } from "./builders.ts";

function task(id: string, own: Partial<Assignment>, of: Partial<Incident> = {}) {
  const one = assignment({ id, ...own });
  return { incident: incident({ id: `of-${id}`, ...of }), assignment: one, foreseen: one };
}

describe("the tasks of a unit", () => {
  const real = task("real", { status: "en_route" }, { urgency: "normal" });
  const drill = task("drill", { status: "issued" }, { exercise: "exercise", urgency: "critical" });

  test("a new exercise takes the screen away from no real task", () => {
    const tasks = inTaskOrder([drill, real]);
    expect(tasks.map((one) => one.assignment.id)).toEqual(["real", "drill"]);
    expect(shownOf(tasks, null)).toBe(real);
    expect(shownOf(tasks, "drill")).toBe(drill);
  });

  test("a real task that rings takes it from the exercise that was chosen", () => {
    const ringing = task("ringing", { status: "issued" });
    expect(shownOf(inTaskOrder([drill, ringing]), "drill")).toBe(ringing);
    expect(shownOf(inTaskOrder([drill, ringing, real]), "real")).toBe(real);
  });

  test("what is done waits behind whatever is not, and what rings comes first", () => {
    const done = task("done", { status: "completed" });
    const ringing = task("ringing", { status: "issued" }, { urgency: "routine" });
    expect(inTaskOrder([done, drill, real, ringing]).map((one) => one.assignment.id)).toEqual(["ringing", "real", "drill", "done"]);
    expect(shownOf([], "gone")).toBeNull();
  });
});
