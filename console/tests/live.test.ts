import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { closeRule, LiveLink, liveUrl, reconnectDelay, returnDelay, type LinkPhase, type SocketLike } from "../src/wire/live.ts";
import type { ServerFrame } from "../src/wire/frames.ts";

class FakeSocket implements SocketLike {
  readyState = 0;
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  sent: unknown[] = [];
  closed = false;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
  }
  opens(): void {
    this.onopen?.(undefined as never);
  }
  says(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }
  ends(code: number): void {
    this.onclose?.({ code, reason: "" });
  }
}

const welcome = { type: "welcome", server_time: "2026-11-23T08:50:00Z", heartbeat_s: 5, resume: "snapshot" };
const snapshot = { type: "snapshot", cursor: "c1", incidents: [], units: [] };
const heartbeat = { type: "heartbeat", server_time: "2026-11-23T08:50:05Z", cursor: "c2" };

describe("the live link", () => {
  let sockets: FakeSocket[];
  let phases: LinkPhase[];
  let frames: ServerFrame[];
  let link: LiveLink;

  beforeEach(() => {
    vi.useFakeTimers();
    sockets = [];
    phases = [];
    frames = [];
    link = new LiveLink({
      url: "ws://x/api/v1/live",
      token: () => "key",
      open: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      random: () => 1,
      onFrame: (frame) => frames.push(frame),
      onPhase: (phase) => phases.push(phase),
    });
  });
  afterEach(() => {
    link.stop();
    vi.useRealTimers();
  });

  const last = (): FakeSocket => sockets.at(-1) ?? expect.fail("no socket");
  const live = (): void => {
    link.start();
    last().opens();
    last().says(welcome);
    last().says(snapshot);
  };

  test("says hello first, with its token and no cursor", () => {
    link.start();
    last().opens();
    expect(last().sent).toEqual([{ type: "hello", cursor: null, token: "key" }]);
  });

  test("is live only after the snapshot", () => {
    link.start();
    last().opens();
    last().says(welcome);
    expect(link.phase).toBe("syncing");
    last().says(snapshot);
    expect(link.phase).toBe("live");
    expect(frames.map((frame) => frame.type)).toEqual(["welcome", "snapshot"]);
  });

  test("comes back with the last cursor", async () => {
    live();
    last().says(heartbeat);
    last().ends(1006);
    expect(link.phase).toBe("waiting");
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    expect(last().sent[0]).toMatchObject({ cursor: "c2" });
  });

  test("comes back without a cursor when its area is another: what it shows may be none of its business", async () => {
    live();
    last().says(heartbeat);
    last().ends(4010);
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    expect(last().sent[0]).toMatchObject({ cursor: null });
  });

  test("after a resume waits until the missed events have come", async () => {
    live();
    last().ends(1006);
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    last().says({ ...welcome, resume: "replayed" });
    await vi.advanceTimersByTimeAsync(200);
    last().says({ type: "event", event_id: "e1", event: "incident.updated", occurred_at: "", cursor: "c3" });
    await vi.advanceTimersByTimeAsync(200);
    expect(link.phase).toBe("syncing");
    await vi.advanceTimersByTimeAsync(100);
    expect(link.phase).toBe("live");
  });

  test("comes back when the server that says goodbye asked for it, not with everybody else", async () => {
    live();
    last().says({ type: "goodbye", reason: "going_away", reconnect_after_ms: 1_700 });
    last().ends(4000);
    expect(frames.map((frame) => frame.type)).not.toContain("goodbye");
    await vi.advanceTimersByTimeAsync(1_699);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(2);
  });

  test("a goodbye does not count for the loss after the next connection", async () => {
    live();
    last().says({ type: "goodbye", reason: "epoch_changed", reconnect_after_ms: 0 });
    last().ends(4011);
    await vi.advanceTimersByTimeAsync(0);
    expect(sockets).toHaveLength(2);
    last().ends(1006);
    await vi.advanceTimersByTimeAsync(999);
    expect(sockets).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(3);
  });

  test("a goodbye asks for moments, never for minutes or for a tight loop", () => {
    expect(returnDelay(3_600_000, 0, 0.5)).toBe(30_000);
    expect(returnDelay(-5, 0, 0.5)).toBe(0);
    expect(returnDelay(0, 3, 1)).toBe(reconnectDelay(3, 1));
  });

  test("takes fifteen seconds of silence for a dead socket", async () => {
    live();
    const first = last();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(first.closed).toBe(true);
    expect(sockets).toHaveLength(2);
  });

  test("heartbeats keep the socket", async () => {
    live();
    for (let turn = 0; turn < 6; turn += 1) {
      await vi.advanceTimersByTimeAsync(5_000);
      last().says(heartbeat);
    }
    expect(sockets).toHaveLength(1);
  });

  test.each([4001, 4002, 4003, 4006, 4008])("does not come back after %i", async (code) => {
    live();
    last().ends(code);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
    expect(link.phase).toBe("ended");
  });

  test.each([4000, 4004, 4005, 4009, 4011, 1006, 1011])("comes back after %i", async (code) => {
    live();
    last().ends(code);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets).toHaveLength(2);
  });

  test("comes back late after a flood", async () => {
    live();
    last().ends(4007);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sockets).toHaveLength(2);
  });

  test("receipts wait for the link and go once", async () => {
    live();
    last().ends(1006);
    link.sendReceipt("a1", "delivered");
    await vi.advanceTimersByTimeAsync(500);
    last().opens();
    last().says(welcome);
    expect(last().sent.slice(1)).toEqual([{ type: "receipt", assignment_id: "a1", state: "delivered" }]);
  });

  test("garbage is passed over", () => {
    live();
    last().says("{half");
    last().says("null");
    last().says('{"no":"type"}');
    expect(frames).toHaveLength(2);
  });

  test("a frame of a socket already given up is not believed", () => {
    live();
    const old = last();
    link.restart();
    old.says(heartbeat);
    expect(frames).toHaveLength(2);
  });

  test("delays grow, are spread, and have an end", () => {
    expect(reconnectDelay(0, 0)).toBe(250);
    expect(reconnectDelay(0, 1)).toBe(500);
    expect(reconnectDelay(3, 1)).toBe(4_000);
    expect(reconnectDelay(30, 1)).toBe(8_000);
  });

  test("close codes are named", () => {
    expect(closeRule(4004)).toEqual({ name: "slow_consumer", reconnect: "yes" });
    expect(closeRule(1006).reconnect).toBe("yes");
  });

  test("a page over TLS links over TLS", () => {
    expect(liveUrl({ protocol: "https:", host: "h" })).toBe("wss://h/api/v1/live");
  });
});
