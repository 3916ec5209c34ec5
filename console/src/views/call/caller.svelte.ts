/** The one key's state: the device, its presses on their way, and what became of the incident. */
import { DeviceApi } from "../../wire/device_api.ts";
import { Http, Refusal, Unreachable } from "../../wire/http.ts";
import type { Device, DeviceStatus, Exercise, Incident, Press } from "../../wire/types.ts";
import { ServerClock } from "../../state/clock.ts";
import { isOpen } from "../../state/open.ts";
import { PressQueue, type PressState, type SendResult } from "../../state/press_queue.ts";
import { keepDevice, newId, type DeviceIdentity } from "../identity.ts";
import type { Live } from "../live.svelte.ts";
import { Names } from "../names.svelte.ts";

const pollMs = 3_000;
const checkInMs = 30_000;
const deviceCache = "dispatch.device_status";
const confirmWithinMs = 3_000;

export class Caller {
  device = $state.raw<Device | null>(cachedDevice());
  press = $state.raw<PressState>({ kind: "idle" });
  incident = $state.raw<Incident | null>(null);
  choice = $state<string | null>(null);
  /** How often the key was pressed for what is on its way or shown. */
  pressed = $state(0);
  reachable = $state(true);
  refused = $state<string | null>(null);
  checkedAt = $state<number | null>(null);
  held = $state(0);
  heldSince = $state<string | null>(null);
  /** What became of taking it back: `no`, `sending`, `sent`, or why it failed. */
  cancelling = $state.raw<unknown>("no");

  /** The service's time, once a second; null before it is known. */
  now = $state<number | null>(null);
  steady = $state(performance.now());
  /** Whether each step comes by itself, or by asking. */
  linked = $state(false);

  readonly names = new Names();
  readonly #clock = new ServerClock(() => performance.now());
  live: Live | null = null;
  readonly api: DeviceApi;
  readonly #identity: DeviceIdentity;
  readonly #queue: PressQueue;
  readonly onReceived: () => void;
  #dismissed: string | null = null;

  constructor(identity: DeviceIdentity, onReceived: () => void) {
    this.#identity = identity;
    this.onReceived = onReceived;
    this.api = new DeviceApi(new Http({ token: () => identity.key }));
    this.#queue = new PressQueue({
      storage: localStorage,
      key: `dispatch.presses.${identity.id}`,
      send: (press) => this.#send(press),
      onChange: (state) => this.#pressChanged(state),
      steady: () => performance.now(),
      now: () => this.#time() ?? Date.now(),
      newId,
    });
    this.#readHeld();
  }

  start(): () => void {
    const tick = setInterval(() => this.#tick(), 1_000);
    let stopLive = (): void => undefined;
    void this.#join().then((stop) => (stopLive = stop));
    void this.refresh();
    void this.#checkIn();
    void this.names.load(this.api);
    const poll = setInterval(() => {
      if (!this.linked) void this.refresh();
    }, pollMs);
    const checkIn = setInterval(() => void this.#checkIn(), checkInMs);
    const wake = (): void => this.#queue.wake();
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      stopLive();
      clearInterval(tick);
      clearInterval(poll);
      clearInterval(checkIn);
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
    };
  }

  call(exercise: Exercise = "actual"): void {
    this.#dismissed = null;
    this.cancelling = "no";
    const continues = this.press.kind === "sending" || (this.incident !== null && isOpen(this.incident));
    if (!continues) this.incident = null;
    this.pressed = continues ? this.pressed + 1 : 1;
    this.#queue.press(this.choice, exercise);
  }

  /** Back to the big button once the incident is over, or after a refusal. */
  rest(): void {
    this.#dismissed = this.incident?.id ?? null;
    this.incident = null;
    this.pressed = 0;
    this.choice = null;
    this.cancelling = "no";
    this.press = { kind: "idle" };
  }

  /** What the big button should say is uncertain for longer than a caller should wait in doubt. */
  unconfirmed(steady: number): boolean {
    return this.press.kind === "sending" && steady - this.press.sinceMs > confirmWithinMs;
  }

  async cancel(): Promise<void> {
    this.cancelling = "sending";
    try {
      await this.api.cancelPress(this.#identity.id, "pressed_by_mistake", newId());
      this.cancelling = "sent";
      void this.refresh();
    } catch (failure) {
      this.cancelling = failure;
    }
  }

  sendHeld(): void {
    this.pressed = this.held;
    this.#queue.sendHeld();
    this.#readHeld();
  }

  dropHeld(): void {
    this.#queue.dropHeld();
    this.#readHeld();
  }

  async refresh(): Promise<void> {
    try {
      const status = await this.api.deviceStatus(this.#identity.id);
      this.#heard(status);
    } catch (cause) {
      this.reachable = !(cause instanceof Unreachable);
      if (cause instanceof Refusal && !cause.temporary) this.refused = cause.code;
    }
  }

  #heard(status: DeviceStatus): void {
    this.reachable = true;
    this.refused = null;
    this.#clock.learn(status.server_time);
    this.device = status.device;
    localStorage.setItem(deviceCache, JSON.stringify(status.device));
    if (status.incident) this.#take(status.incident);
    this.#tick();
  }

  /** The live link is fetched behind the button; until it stands, and whenever it is lost, asking serves. */
  async #join(): Promise<() => void> {
    try {
      const { Live } = await import("../live.svelte.ts");
      const live = new Live({
        token: () => this.#identity.key,
        onChange: (_, after) => {
          for (const incident of after.incidents.values()) this.#show(incident);
        },
      });
      this.live = live;
      return live.start();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      return this.#join();
    }
  }

  #time(): number | null {
    return this.live?.clock.now() ?? this.#clock.now();
  }

  #tick(): void {
    this.now = this.#time();
    this.steady = performance.now();
    this.linked = this.live?.phase === "live" && this.live.freshness === "fresh";
  }

  #take(incident: Incident): void {
    if (this.live) this.live.merge(incident);
    else this.#show(incident);
  }

  /** The newest open incident is this device's; one that has ended stays until somebody goes back. */
  #show(incident: Incident): void {
    const shown = this.incident;
    if (incident.id === this.#dismissed) return;
    const same = shown?.id === incident.id;
    if (same ? incident.version < shown.version : shown !== null && !takesOver(incident, shown)) return;
    if (shown === null && !isOpen(incident)) return;
    this.incident = incident;
    if (this.press.kind !== "sending") this.pressed = Math.max(this.pressed, 1);
  }

  async #send(press: Press): Promise<SendResult> {
    try {
      const answer = await this.api.press(this.#identity.id, press);
      this.reachable = true;
      return { kind: "accepted", answer };
    } catch (cause) {
      if (cause instanceof Refusal) {
        if (cause.temporary) return { kind: "later", afterMs: cause.retryAfterMs, offline: false };
        return { kind: "rejected", code: cause.code, detail: cause.message };
      }
      this.reachable = false;
      return { kind: "later", afterMs: null, offline: true };
    }
  }

  #pressChanged(state: PressState): void {
    const already = this.press.kind === "received";
    this.press = state;
    if (state.kind !== "received") return;
    this.#take(state.answer.incident);
    if (!already) this.onReceived();
  }

  #readHeld(): void {
    this.held = this.#queue.held.length;
    this.heldSince = this.#queue.held[0]?.pressed_at ?? null;
  }

  async #checkIn(): Promise<void> {
    try {
      await this.api.checkIn(this.#identity.id, await battery());
      this.reachable = true;
      this.checkedAt = this.#time();
    } catch (cause) {
      this.reachable = !(cause instanceof Unreachable);
    }
  }
}

function takesOver(incident: Incident, shown: Incident): boolean {
  return isOpen(incident) && (!isOpen(shown) || incident.opened_at > shown.opened_at);
}

/** Whether the id and key are good, before they are kept. */
export async function enrol(identity: DeviceIdentity): Promise<boolean> {
  const api = new DeviceApi(new Http({ token: () => identity.key }));
  try {
    await api.deviceStatus(identity.id);
  } catch (cause) {
    if (cause instanceof Refusal && !cause.temporary) return false;
    throw cause;
  }
  keepDevice(identity);
  return true;
}

async function battery(): Promise<number | null> {
  const source = navigator as Navigator & { getBattery?: () => Promise<{ level: number }> };
  try {
    const level = (await source.getBattery?.())?.level;
    return level === undefined ? null : Math.round(level * 100);
  } catch {
    return null;
  }
}

function cachedDevice(): Device | null {
  try {
    return JSON.parse(localStorage.getItem(deviceCache) ?? "null") as Device | null;
  } catch {
    return null;
  }
}
