/** A page's live picture: joins the link, the reducer, the service's clock and the staleness watch. */
import { LiveLink, liveUrl, type CloseRule, type LinkPhase } from "../wire/live.ts";
import type { EventFrame, ServerFrame } from "../wire/frames.ts";
import type { Assignment, Incident } from "../wire/types.ts";
import { ServerClock } from "../state/clock.ts";
import {
  applyEvent,
  emptyPicture,
  fromSnapshot,
  mergeAssignment,
  mergeIncident,
  withoutIncident,
  type Picture,
} from "../state/reducer.ts";
import { Staleness, WallClockWatch, type Freshness } from "../state/staleness.ts";

const steadyNow = (): number => performance.now();

export interface LiveOptions {
  token: () => string | null;
  /** Called after each change, with the picture before; `event` is null for a snapshot. */
  onChange?: (before: Picture, after: Picture, event: EventFrame | null) => void;
  /** Called before with each frame as it came, for what stands in no picture. */
  onFrame?: (frame: ServerFrame) => void;
}

export class Live {
  picture = $state.raw<Picture>(emptyPicture);
  phase = $state<LinkPhase>("connecting");
  close = $state.raw<CloseRule | null>(null);
  freshness = $state<Freshness>("fresh");
  everSynced = $state(false);
  /** Milliseconds since the last news, and the service's time of it. */
  age = $state(0);
  asOf = $state<number | null>(null);
  /** The service's time, once a second; null before the first heartbeat. */
  now = $state<number | null>(null);
  steady = $state(steadyNow());
  lastEventAt = $state<string | null>(null);
  /** The last test of communication that called this page: it stands in no picture. */
  called = $state.raw<EventFrame | null>(null);

  readonly clock = new ServerClock(steadyNow);
  readonly #staleness = new Staleness(steadyNow());
  readonly #wall = new WallClockWatch(Date.now(), steadyNow());
  readonly #link: LiveLink;
  readonly #options: LiveOptions;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#link = new LiveLink({
      url: liveUrl(location),
      token: options.token,
      onFrame: (frame) => this.#receive(frame),
      onPhase: (phase, close) => this.#phaseChanged(phase, close),
    });
  }

  start(): () => void {
    this.#link.start();
    this.#timer = setInterval(() => this.#tick(), 1000);
    const check = (): void => this.check();
    const visible = (): void => {
      if (document.visibilityState === "visible") this.check();
    };
    document.addEventListener("visibilitychange", visible);
    addEventListener("online", check);
    addEventListener("pageshow", check);
    return () => {
      clearInterval(this.#timer);
      document.removeEventListener("visibilitychange", visible);
      removeEventListener("online", check);
      removeEventListener("pageshow", check);
      this.#link.stop();
    };
  }

  /** The page is looked at again or the network is back: a quiet link is not trusted, it is reopened. */
  check(): void {
    const jumped = this.#wall.jumped(Date.now(), steadyNow());
    if (jumped) {
      this.clock.forget();
      this.#staleness.distrust(steadyNow());
    }
    if (jumped || this.phase === "waiting" || this.#staleness.at(steadyNow()) !== "fresh") this.#link.restart();
    this.#tick();
  }

  reconnect(): void {
    if (this.phase === "ended") this.#link.start();
    else this.#link.restart();
  }

  receipt(assignmentId: string, state: "delivered" | "seen"): void {
    this.#link.sendReceipt(assignmentId, state);
  }

  merge(incident: Incident): void {
    this.#change(mergeIncident(this.picture, incident), null);
  }

  mergeAssignment(assignment: Assignment): void {
    this.#change(mergeAssignment(this.picture, assignment), null);
  }

  forget(incidentId: string): void {
    this.picture = withoutIncident(this.picture, incidentId);
  }

  #receive(frame: ServerFrame): void {
    this.#staleness.heard(steadyNow());
    this.#options.onFrame?.(frame);
    if (frame.type === "welcome" || frame.type === "heartbeat") this.clock.learn(frame.server_time);
    else if (frame.type === "snapshot") this.#change(fromSnapshot(frame), null);
    else if (frame.type === "event") {
      // What is entered from paper happened earlier: the last event does not go back to it.
      if (Date.parse(frame.occurred_at) >= Date.parse(this.lastEventAt ?? frame.occurred_at)) this.lastEventAt = frame.occurred_at;
      if (frame.event === "test.called") this.called = frame;
      this.#change(applyEvent(this.picture, frame), frame);
    }
    this.#tick();
  }

  #change(after: Picture, event: EventFrame | null): void {
    const before = this.picture;
    if (after === before) return;
    this.picture = after;
    this.#options.onChange?.(before, after, event);
  }

  #phaseChanged(phase: LinkPhase, close: CloseRule | null): void {
    if (phase === "live") {
      this.#staleness.synced(steadyNow());
      this.everSynced = true;
    } else this.#staleness.lost();
    this.phase = phase;
    if (close || phase === "live") this.close = close;
    this.#tick();
  }

  #tick(): void {
    const steady = steadyNow();
    if (this.#wall.jumped(Date.now(), steady)) {
      this.clock.forget();
      this.#staleness.distrust(steady);
      this.#link.restart();
    }
    this.steady = steady;
    this.now = this.clock.now();
    this.age = this.#staleness.ageMs(steady);
    this.asOf = this.now === null ? null : this.now - this.age;
    this.freshness = this.phase === "ended" && this.close ? "red" : this.#staleness.at(steady);
  }
}
