/**
 * The live link: one websocket per page, `dispatch.v1`. It says hello with the last cursor, hands
 * every frame on in order, and comes back by itself after a loss, except where the close code says
 * that coming back is useless.
 *
 * Invariant: the page is told "synced" only after a snapshot, or after the missed events of a
 * resume have arrived; never by a mere open socket.
 */
import type { HelloFrame, ReceiptFrame, ServerFrame } from "./frames.ts";

export type LinkPhase = "connecting" | "syncing" | "live" | "waiting" | "ended";

export interface CloseRule {
  name: string;
  reconnect: "yes" | "later" | "no";
}

export const closeRules: Readonly<Record<number, CloseRule>> = {
  4000: { name: "going_away", reconnect: "yes" },
  4001: { name: "unauthenticated", reconnect: "no" },
  4002: { name: "forbidden", reconnect: "no" },
  4003: { name: "bad_message", reconnect: "no" },
  4004: { name: "slow_consumer", reconnect: "yes" },
  4005: { name: "hello_timeout", reconnect: "yes" },
  4006: { name: "revoked", reconnect: "no" },
  4007: { name: "flood", reconnect: "later" },
  4008: { name: "superseded", reconnect: "no" },
  4009: { name: "database_unavailable", reconnect: "yes" },
  4010: { name: "scope_changed", reconnect: "yes" },
  4011: { name: "epoch_changed", reconnect: "yes" },
};

export function closeRule(code: number): CloseRule {
  return closeRules[code] ?? { name: code === 1000 ? "normal" : "lost", reconnect: "yes" };
}

const firstDelayMs = 500;
const longestDelayMs = 8_000;
const laterDelayMs = 30_000;

/** Doubling with half of it random, so that a thousand consoles do not return in one instant. */
export function reconnectDelay(attempt: number, random: number): number {
  const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt, 10));
  return ceiling / 2 + (ceiling / 2) * random;
}

/** What the server asked for, within reason; who was sent away again meanwhile is more patient than asked. */
export function returnDelay(askedMs: number, attempt: number, random: number): number {
  const asked = Math.min(Math.max(askedMs, 0), laterDelayMs);
  return attempt === 0 ? asked : Math.max(asked, reconnectDelay(attempt, random));
}

export interface SocketLike {
  readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export interface LiveOptions {
  url: string;
  token: () => string | null;
  onFrame: (frame: ServerFrame) => void;
  onPhase: (phase: LinkPhase, close: CloseRule | null) => void;
  open?: (url: string, protocol: string) => SocketLike;
  random?: () => number;
  /** No frame for this long means that the socket is dead, whatever it says of itself. */
  silenceMs?: number;
}

/** After a resume the missed events follow at once; this much quiet ends them. */
const quietAfterReplayMs = 300;

export class LiveLink {
  readonly #options: Required<LiveOptions>;
  #socket: SocketLike | null = null;
  #cursor: string | null = null;
  #attempt = 0;
  /** When the server said goodbye: how long to stay away, so that not everybody returns in one instant. */
  #askedMs: number | null = null;
  #stopped = true;
  #phase: LinkPhase = "ended";
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #replayTimer: ReturnType<typeof setTimeout> | undefined;
  #receipts: ReceiptFrame[] = [];

  constructor(options: LiveOptions) {
    this.#options = {
      open: (url, protocol) => new WebSocket(url, protocol) as unknown as SocketLike,
      random: Math.random,
      silenceMs: 15_000,
      ...options,
    };
  }

  get phase(): LinkPhase {
    return this.#phase;
  }

  get cursor(): string | null {
    return this.#cursor;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#attempt = 0;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop(1000);
    this.#enter("ended", null);
  }

  /** Give up the present socket, if any, and ask again at once. */
  restart(): void {
    if (this.#stopped) return;
    this.#attempt = 0;
    this.#drop(1000);
    this.#connect();
  }

  /** A receipt that cannot go now waits for the next link; the service keeps the first of each. */
  sendReceipt(assignmentId: string, state: ReceiptFrame["state"]): void {
    const receipt: ReceiptFrame = { type: "receipt", assignment_id: assignmentId, state };
    if (this.#phase === "live" || this.#phase === "syncing") this.#socket?.send(JSON.stringify(receipt));
    else if (this.#receipts.length < 200) this.#receipts.push(receipt);
  }

  #connect(): void {
    clearTimeout(this.#retryTimer);
    this.#askedMs = null;
    this.#enter("connecting", null);
    const socket = this.#options.open(this.#options.url, "dispatch.v1");
    this.#socket = socket;
    this.#watchSilence();
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      const token = this.#options.token();
      const hello: HelloFrame = { type: "hello", cursor: this.#cursor, ...(token ? { token } : {}) };
      socket.send(JSON.stringify(hello));
    };
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    };
    socket.onerror = () => undefined;
  }

  #receive(data: unknown): void {
    const frame = parseFrame(data);
    if (!frame) return;
    this.#watchSilence();
    if (frame.type === "goodbye") {
      this.#askedMs = frame.reconnect_after_ms;
      return;
    }
    if (frame.type === "welcome") this.#welcomed(frame.resume);
    if ("cursor" in frame && frame.cursor) this.#cursor = frame.cursor;
    this.#options.onFrame(frame);
    if (frame.type === "snapshot" || (frame.type === "heartbeat" && this.#phase === "syncing")) this.#synced();
    else if (frame.type === "event" && this.#phase === "syncing") this.#expectQuiet();
  }

  #welcomed(resume: "snapshot" | "replayed" | "reset"): void {
    this.#attempt = 0;
    this.#enter("syncing", null);
    for (const receipt of this.#receipts.splice(0)) this.#socket?.send(JSON.stringify(receipt));
    if (resume === "replayed") this.#expectQuiet();
  }

  #expectQuiet(): void {
    clearTimeout(this.#replayTimer);
    this.#replayTimer = setTimeout(() => {
      if (this.#phase === "syncing") this.#synced();
    }, quietAfterReplayMs);
  }

  #synced(): void {
    clearTimeout(this.#replayTimer);
    this.#enter("live", null);
  }

  #watchSilence(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.restart(), this.#options.silenceMs);
  }

  #closed(code: number): void {
    const rule = closeRule(code);
    if (code === 4010) this.#cursor = null; // what is shown must go: the next picture is a snapshot
    this.#socket = null;
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#replayTimer);
    if (this.#stopped) return;
    if (rule.reconnect === "no") {
      this.#stopped = true;
      this.#enter("ended", rule);
      return;
    }
    const delay = this.#delayBefore(rule);
    this.#attempt += 1;
    this.#enter("waiting", rule);
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
  }

  #delayBefore(rule: CloseRule): number {
    const random = this.#options.random();
    if (rule.reconnect === "later") return laterDelayMs;
    if (this.#askedMs !== null) return returnDelay(this.#askedMs, this.#attempt, random);
    return reconnectDelay(this.#attempt, random);
  }

  #drop(code: number): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#replayTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(code);
  }

  #enter(phase: LinkPhase, close: CloseRule | null): void {
    this.#phase = phase;
    this.#options.onPhase(phase, close);
  }
}

function parseFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    const frame = JSON.parse(data) as ServerFrame | null;
    return frame && typeof frame === "object" && typeof frame.type === "string" ? frame : null;
  } catch {
    return null;
  }
}

export function liveUrl(location: { protocol: string; host: string }): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`;
}
