import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ActionQueue, type Action, type ActionResult } from "../src/state/action_queue.ts";
import { assignment, at, FakeStorage } from "./builders.ts";

const confirmed: ActionResult = { kind: "confirmed", assignment: assignment({ version: 2 }) };
const later: ActionResult = { kind: "later", afterMs: null };

describe("the action queue", () => {
  let storage: FakeStorage;
  let sent: Action[];
  let answer: (action: Action) => ActionResult;
  let shown: readonly Action[];
  let ids = 0;

  beforeEach(() => {
    vi.useFakeTimers();
    storage = new FakeStorage();
    sent = [];
    shown = [];
    answer = () => confirmed;
  });
  afterEach(() => void vi.useRealTimers());

  const queue = (): ActionQueue =>
    new ActionQueue({
      storage,
      key: "actions",
      send: async (action) => {
        sent.push(action);
        return answer(action);
      },
      onChange: (actions) => (shown = actions),
      onConfirmed: () => undefined,
      now: () => at(0),
      newId: () => `k${(ids += 1)}`,
    });

  test("actions of one assignment go out in the order they were done", async () => {
    let network = false;
    answer = () => (network ? confirmed : later);
    const actions = queue();
    actions.add("a1", "acknowledge");
    actions.add("a1", "depart");
    actions.add("a1", "arrive");
    await vi.advanceTimersByTimeAsync(500);
    expect(sent.map((one) => one.verb)).toEqual(["acknowledge"]);
    network = true;
    actions.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent.map((one) => one.verb)).toEqual(["acknowledge", "acknowledge", "depart", "arrive"]);
    expect(actions.unsent).toBe(0);
  });

  test("a retry carries the same key and the time it was done", async () => {
    answer = () => later;
    queue().add("a1", "acknowledge");
    await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 5_000);
    expect(sent).toHaveLength(4);
    expect(new Set(sent.map((one) => `${one.id} ${one.occurred_at}`)).size).toBe(1);
  });

  test("one assignment that waits does not hold up another", async () => {
    answer = (action) => (action.assignment_id === "a1" ? later : confirmed);
    const actions = queue();
    actions.add("a1", "acknowledge");
    actions.add("a2", "acknowledge");
    await vi.advanceTimersByTimeAsync(0);
    expect(actions.actions.map((one) => one.assignment_id)).toEqual(["a1"]);
  });

  test("what was not sent survives a reload", async () => {
    answer = () => later;
    queue().add("a1", "acknowledge");
    await vi.advanceTimersByTimeAsync(0);
    vi.clearAllTimers();
    answer = () => confirmed;
    const again = queue();
    expect(again.actions[0]?.state).toBe("local");
    again.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(again.unsent).toBe(0);
    expect(storage.getItem("actions")).toBeNull();
  });

  test("a refused action stays until it has been read", async () => {
    answer = () => ({ kind: "refused", code: "wrong_state", detail: "revoked", current: { status: "revoked" } });
    const actions = queue();
    actions.add("a1", "depart");
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toHaveLength(1);
    expect(shown[0]).toMatchObject({ state: "refused", refusal: { code: "wrong_state" } });
    actions.dismiss(shown[0]?.id ?? "");
    expect(actions.actions).toEqual([]);
  });

  test("an action in flight is not sent a second time", async () => {
    const actions = queue();
    actions.add("a1", "acknowledge");
    actions.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(1);
  });

  test("damaged storage is taken as empty", () => {
    storage.setItem("actions", "{not json");
    expect(queue().actions).toEqual([]);
  });
});
