import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PressQueue, retryDelay, type PressState, type SendResult } from "../src/state/press_queue.ts";
import type { Press } from "../src/wire/types.ts";
import { at, FakeStorage, incident } from "./builders.ts";

const accepted: SendResult = { kind: "accepted", answer: { call: { id: "c", outcome: "opened" }, incident: incident() } };
const later: SendResult = { kind: "later", afterMs: null, offline: true };

describe("the press queue", () => {
  let storage: FakeStorage;
  let sent: Press[];
  let answers: SendResult[];
  let states: PressState[];
  let ids = 0;

  beforeEach(() => {
    vi.useFakeTimers();
    storage = new FakeStorage();
    sent = [];
    answers = [];
    states = [];
  });
  afterEach(() => void vi.useRealTimers());

  const queue = (now = at(0)): PressQueue =>
    new PressQueue({
      storage,
      key: "presses",
      send: async (press) => {
        sent.push(press);
        return answers.shift() ?? accepted;
      },
      onChange: (state) => states.push(state),
      steady: () => 0,
      now: () => now,
      newId: () => `press-${(ids += 1)}`,
    });
  const stored = (): unknown[] => JSON.parse(storage.getItem("presses") ?? "[]") as unknown[];

  test("a press is written down before it is sent", () => {
    const pressing = queue();
    pressing.press(null);
    expect(stored()).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  test("an accepted press is struck out", async () => {
    queue().press("fire.building");
    await vi.advanceTimersByTimeAsync(0);
    expect(stored()).toEqual([]);
    expect(states.at(-1)?.kind).toBe("received");
    expect(sent[0]?.choice).toBe("fire.building");
  });

  test("retries carry the same press id after half, one, two, four seconds", async () => {
    answers = [later, later, later, later, later, accepted];
    queue().press(null);
    const counts: number[] = [];
    for (const wait of [499, 1, 1_000, 2_000, 4_000, 4_000]) {
      await vi.advanceTimersByTimeAsync(wait);
      counts.push(sent.length);
    }
    expect(counts).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(sent.map((press) => press.press_id)).size).toBe(1);
    expect(states.at(-1)?.kind).toBe("received");
  });

  test("the service's own wish to wait is honoured", async () => {
    answers = [{ kind: "later", afterMs: 3_000, offline: false }, accepted];
    queue().press(null);
    await vi.advanceTimersByTimeAsync(2_900);
    expect(sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(sent).toHaveLength(2);
  });

  test("every repeated press is sent with its own id and none is lost", async () => {
    const pressing = queue();
    for (let turn = 0; turn < 5; turn += 1) pressing.press(null);
    await vi.advanceTimersByTimeAsync(0);
    expect(new Set(sent.map((press) => press.press_id)).size).toBe(5);
    expect(stored()).toEqual([]);
  });

  test("a press survives a reload with its id", async () => {
    answers = [later];
    queue().press(null);
    await vi.advanceTimersByTimeAsync(0);
    vi.clearAllTimers();
    const first = sent[0]?.press_id;
    sent = [];
    queue(at(20));
    await vi.advanceTimersByTimeAsync(0);
    expect(sent[0]?.press_id).toBe(first);
  });

  test("a press found after a quarter of an hour asks a person first", async () => {
    answers = [later];
    queue().press(null);
    await vi.advanceTimersByTimeAsync(0);
    vi.clearAllTimers();
    sent = [];
    const again = queue(at(16 * 60));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(0);
    expect(again.held).toHaveLength(1);
    again.sendHeld();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(1);
  });

  test("a refusal says why and ends the trying", async () => {
    answers = [{ kind: "rejected", code: "device_revoked", detail: "" }];
    queue().press(null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(1);
    expect(states.at(-1)).toMatchObject({ kind: "rejected", code: "device_revoked" });
    expect(stored()).toEqual([]);
  });

  test("the network's return cuts the wait short", async () => {
    answers = [later, later, later];
    const pressing = queue();
    pressing.press(null);
    await vi.advanceTimersByTimeAsync(1_600);
    expect(sent).toHaveLength(3);
    pressing.wake();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(4);
    expect(states.at(-1)?.kind).toBe("received");
  });

  test("a test call is marked as one", async () => {
    queue().press(null, "test");
    await vi.advanceTimersByTimeAsync(0);
    expect(sent[0]?.exercise).toBe("test");
  });

  test("full storage does not stop a press", async () => {
    storage.setItem = () => {
      throw new Error("quota");
    };
    queue().press(null);
    await vi.advanceTimersByTimeAsync(0);
    expect(states.at(-1)?.kind).toBe("received");
  });

  test("delays stay at four seconds", () => {
    expect([1, 2, 3, 4, 5, 50].map(retryDelay)).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  });
});
