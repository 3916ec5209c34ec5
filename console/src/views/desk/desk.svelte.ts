/** The operator's desk: queue, the incident looked at, alarms still to be handled, and what is done to them. */
import type { Api } from "../../wire/api.ts";
import { Refusal } from "../../wire/http.ts";
import type { EventFrame, ServerFrame } from "../../wire/frames.ts";
import type {
  CallAnswer,
  Drill,
  DispatchOrder,
  Incident,
  IncidentDetail,
  Me,
  Mode,
  NewIncident,
  NewMode,
  Relocation,
  TimelineItem,
  Unit,
} from "../../wire/types.ts";
import { muteForMs } from "../../state/alarms.ts";
import { attentionKey, attentionOf, attentionsIn, type Attention } from "../../state/attention.ts";
import { auditAlarmIn, auditAlarmsOf, learnAuditAlarm, standing, type AuditBook } from "../../state/audit_alarms.ts";
import { conflictOf, type Conflict } from "../../state/conflict.ts";
import { deskAlarms, deskSound, unhandled, type DeskAlarm, type Heard } from "../../state/desk_alarms.ts";
import { drillIn, drillsInForce, drillsOf, learnDrill, type DrillBook } from "../../state/drills.ts";
import { forbiddenOf, type Forbidden } from "../../state/forbidden.ts";
import { furtherCallKey, furtherCallOf, furtherCallsIn, sayings, type FurtherCall } from "../../state/further_calls.ts";
import { inForce, learnMode, modeIn, modesOf, type ModeBook } from "../../state/modes.ts";
import { relatedTo, type Related } from "../../state/links.ts";
import { priorityOf } from "../../state/priority.ts";
import { holdStill, inQueueOrder, matches, type QueueFilter } from "../../state/queue_order.ts";
import { testNewsIn, type TestNews } from "../../state/test_news.ts";
import { isActual, isOpen } from "../../state/open.ts";
import type { Picture } from "../../state/reducer.ts";
import { RetryKeys } from "../../state/retry_key.ts";
import { newId } from "../identity.ts";
import { Kept } from "../kept.svelte.ts";
import { Live } from "../live.svelte.ts";
import { Names } from "../names.svelte.ts";
import { Siren } from "../siren.svelte.ts";

const rereadAfterMs = 250;
const shownForMs = 6_000;
/** What was open before this page came up is not new to the desk. */
const newForMs = 120_000;

export type Done = { act: string; ok: true } | { act: string; ok: false; code: string; detail: string; unreachable: boolean };

export class Desk {
  readonly live: Live;
  readonly names = new Names();
  readonly siren = new Siren();
  readonly api: Api;
  readonly #leads: boolean;
  /** Sets modes, holds drills, tests communication. */
  readonly commands: boolean;
  readonly #handled = new Kept<string>("dispatch.handled", (key) => key);
  readonly #attentions = new Kept<Attention>("dispatch.attentions", attentionKey);
  readonly #furtherCalls = new Kept<FurtherCall>("dispatch.further_calls", furtherCallKey);
  filter = $state<QueueFilter>("open");
  selectedId = $state<string | null>(null);
  detail = $state.raw<IncidentDetail | null>(null);
  timeline = $state.raw<readonly TimelineItem[]>([]);
  /** The units of the desk's area as they were at the start; the live picture has what changed since. */
  roster = $state.raw<ReadonlyMap<string, Unit>>(new Map());
  ended = $state.raw<readonly Incident[]>([]);
  mutedUntil = $state(0);
  held = $state(false);
  conflict = $state.raw<Conflict | null>(null);
  /** What the rules forbade last; the dialog asks whether it is meant nevertheless. */
  forbidden = $state.raw<Forbidden | null>(null);
  /** How the last act went; success leaves the screen by itself. */
  done = $state.raw<Done | null>(null);
  busy = $state(false);
  #modes = $state.raw<ModeBook>(new Map());
  #drills = $state.raw<DrillBook>(new Map());
  #audits = $state.raw<AuditBook>(new Map());
  /** Modes of which the service has reminded: is it still needed? */
  recalled = $state.raw<ReadonlySet<string>>(new Set());
  /** The test of communication of which the desk heard last, until somebody takes note of its end. */
  tested = $state.raw<TestNews | null>(null);
  #shown: string[] = [];

  incidents: readonly Incident[] = $derived.by(() => [...this.live.picture.incidents.values()]);
  counts = $derived.by(() => this.#counts());
  wanted: readonly Incident[] = $derived.by(() => this.#wanted());
  queue = $derived.by(() => this.#held());
  alarms: readonly DeskAlarm[] = $derived.by(() =>
    unhandled(deskAlarms(this.incidents, this.live.now, this.#heard()), new Set(this.#handled.items)),
  );
  modes = $derived.by(() => inForce(this.#modes, this.live.now));
  drills = $derived.by(() => drillsInForce(this.#drills, this.live.now));
  /** What the auditor has found and what is not gone, handled or not. */
  audits = $derived(standing(this.#audits));
  selected: Incident | null = $derived.by(() => this.#selected());
  /** What may be the same event as the incident looked at. */
  related: readonly Related[] = $derived.by(() => (this.selected ? relatedTo(this.selected, this.live.picture.incidents) : []));
  /** Nothing may be sent out on the ground of a picture that may be false. */
  blocked: boolean = $derived.by(() => this.live.freshness === "red");
  sound = $derived.by(() =>
    this.live.steady < this.mutedUntil ? null : deskSound(this.alarms, this.live.freshness === "red"),
  );

  readonly #keys = new RetryKeys(newId);
  #reread: ReturnType<typeof setTimeout> | undefined;
  #firstPicture = true;

  constructor(api: Api, me: Pick<Me, "role">) {
    this.api = api;
    this.#leads = me.role === "shift_leader";
    this.commands = this.#leads || me.role === "admin";
    this.live = new Live({
      token: () => null,
      onChange: (_, after, event) => this.#changed(after, event),
      onFrame: (frame) => this.#learnBeside(frame),
    });
  }

  start(): () => void {
    const stop = this.live.start();
    void this.names.load(this.api);
    void this.#readRoster();
    return () => {
      stop();
      this.siren.set(null);
      clearTimeout(this.#reread);
    };
  }

  select(id: string | null): void {
    this.selectedId = id;
    if (id === null || this.detail?.id !== id) {
      this.detail = null;
      this.timeline = [];
    }
    if (!id) return;
    this.handle(`${id}:new:opened`);
    void this.#read(id);
  }

  setFilter(filter: QueueFilter): void {
    this.filter = filter;
    this.held = false;
    if (filter === "ended") void this.#readEnded();
  }

  handle(key: string): void {
    this.#handled.add(key);
  }

  /** What further calls said of an incident besides what opened it. */
  said(incidentId: string): FurtherCall[] {
    return sayings(this.#furtherCalls.items, incidentId);
  }

  mute(): void {
    this.mutedUntil = performance.now() + muteForMs;
  }

  dispatch(id: string, order: DispatchOrder): Promise<boolean> {
    return this.#run("dispatch", { id, order }, (key) => this.api.dispatch(id, order, key));
  }

  incidentVerb(id: string, verb: string, body: Record<string, unknown>): Promise<boolean> {
    return this.#run(verb, { id, body }, (key) => this.api.incidentVerb(id, verb, body, key));
  }

  relocate(id: string, where: Relocation): Promise<boolean> {
    return this.incidentVerb(id, "relocate", { ...where });
  }

  assignmentVerb(id: string, verb: string, body: Record<string, unknown>): Promise<boolean> {
    return this.#run(verb, { id, body }, async (key) => {
      this.live.mergeAssignment(await this.api.assignmentVerb(id, verb, body, key));
    });
  }

  async report(body: NewIncident): Promise<CallAnswer | null> {
    let answer: CallAnswer | null = null;
    const ok = await this.#run("report", body, async (key) => {
      answer = await this.api.report(body, key);
    });
    if (ok && answer !== null) {
      const { call, incident } = answer as CallAnswer;
      this.live.merge(incident);
      if (call.outcome === "joined") this.#succeeded("joined");
    }
    return ok ? answer : null;
  }

  /** Without `hours` it stands until somebody ends it. */
  setMode({ hours, ...mode }: NewMode & { hours: number }): Promise<boolean> {
    return this.#run("mode", { ...mode, hours }, async (key) => {
      const ends = hours ? { ends_at: new Date((this.live.clock.now() ?? Date.now()) + hours * 3_600_000).toISOString() } : {};
      this.#learn(await this.api.setMode({ ...mode, ...ends }, key));
    });
  }

  endMode(id: string, reason: string): Promise<boolean> {
    return this.#run("mode_end", { id, reason }, async (key) => this.#learn(await this.api.endMode(id, reason, key)));
  }

  #learn(mode: Mode): void {
    this.#modes = learnMode(this.#modes, mode);
  }

  learnDrill(drill: Drill): void {
    this.#drills = learnDrill(this.#drills, drill);
  }

  /** What stands in no picture: modes, drills, and what the auditor found. */
  #learnBeside(frame: ServerFrame): void {
    if (frame.type === "snapshot") this.#audits = auditAlarmsOf(frame);
    const audit = frame.type === "event" ? auditAlarmIn(frame) : null;
    if (audit) this.#audits = learnAuditAlarm(this.#audits, audit);
    if (frame.type === "snapshot") this.#drills = drillsOf(frame);
    const drill = frame.type === "event" ? drillIn(frame) : null;
    if (drill) this.learnDrill(drill);
    if (frame.type === "event") this.tested = testNewsIn(frame) ?? this.tested;
    this.#learnModes(frame);
  }

  #learnModes(frame: ServerFrame): void {
    if (frame.type === "snapshot") this.#modes = modesOf(frame);
    const mode = frame.type === "event" ? modeIn(frame) : null;
    if (!mode || frame.type !== "event") return;
    this.#learn(mode);
    if (frame.event === "mode.recalled") {
      this.recalled = new Set(this.recalled).add(mode.id);
      this.siren.once("S3");
    }
  }

  async #run(act: string, body: unknown, send: (key: string) => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.done = null;
    this.forbidden = null;
    try {
      await send(this.#keys.keyFor(act, body));
      this.#keys.done(act);
      this.#succeeded(act);
      this.siren.once("S7");
      if (this.selectedId) void this.#read(this.selectedId);
      return true;
    } catch (cause) {
      this.#failed(act, cause);
      return false;
    } finally {
      this.busy = false;
    }
  }

  #succeeded(act: string): void {
    const done: Done = { act, ok: true };
    this.done = done;
    setTimeout(() => {
      if (this.done === done) this.done = null;
    }, shownForMs);
  }

  #failed(act: string, cause: unknown): void {
    if (!(cause instanceof Refusal)) {
      this.done = { act, ok: false, code: "unreachable", detail: "", unreachable: true };
      return;
    }
    if (!cause.temporary) this.#keys.done(act);
    this.forbidden = forbiddenOf(cause.body);
    if (this.forbidden) return;
    if (cause.status === 409) this.conflict = conflictOf(cause.body, this.selected);
    else {
      const detail = cause.body.errors?.map((one) => one.detail ?? one.code ?? "").join("; ");
      this.done = { act, ok: false, code: cause.code, detail: detail || cause.message, unreachable: false };
    }
    if (this.selectedId) void this.#read(this.selectedId);
  }

  #changed(after: Picture, event: EventFrame | null): void {
    if (event === null && this.#firstPicture && after.incidents.size > 0) this.#greet(after);
    if (event === null) this.#firstPicture = false;
    this.#listen(after, event);
    const id = event?.incident?.id ?? event?.assignment?.incident_id;
    if (this.selectedId && (id === this.selectedId || event === null)) {
      clearTimeout(this.#reread);
      this.#reread = setTimeout(() => {
        if (this.selectedId) void this.#read(this.selectedId);
      }, rereadAfterMs);
    }
  }

  /** Keeps what stands in no picture: who was called to look, and what a further press said. */
  #listen(after: Picture, event: EventFrame | null): void {
    const call = event && furtherCallOf(event);
    if (call) this.#furtherCalls.add(call);
    if (!this.#leads) return;
    const attention = event && attentionOf(event);
    if (attention) this.#attentions.add(attention);
    if (!event) this.#attentions.add(...attentionsIn(after.incidents.values()));
  }

  #heard(): Heard {
    return {
      attentions: this.#leads ? this.#attentions.items : [],
      furtherCalls: this.#furtherCalls.items,
      audits: this.audits,
      priorityOfType: (code) => priorityOf(this.names.level(code)),
    };
  }

  #greet(picture: Picture): void {
    const now = this.live.clock.now() ?? Date.now();
    for (const incident of picture.incidents.values()) {
      if (now - Date.parse(incident.opened_at) > newForMs) this.handle(`${incident.id}:new:opened`);
    }
  }

  async #read(id: string): Promise<void> {
    try {
      const [detail, timeline] = await Promise.all([this.api.incident(id), this.api.timeline(id)]);
      if (this.selectedId !== id) return;
      this.detail = detail;
      this.timeline = timeline;
      this.#furtherCalls.add(...furtherCallsIn(detail, detail.calls ?? []));
      this.#mergeQuietly(detail);
    } catch {
      // The live picture still shows what is known; the next event or choice asks again.
    }
  }

  #mergeQuietly(detail: IncidentDetail): void {
    const known = this.live.picture.incidents.get(detail.id);
    if (known && (known.version < detail.version || known.assignments.length < detail.assignments.length)) {
      this.live.merge(detail);
    }
  }

  async #readRoster(): Promise<void> {
    try {
      this.roster = new Map((await this.api.allUnits()).map((unit) => [unit.id, unit]));
    } catch {
      this.roster = new Map();
    }
  }

  async #readEnded(): Promise<void> {
    try {
      this.ended = (await this.api.recentIncidents()).filter((one) => !isOpen(one));
    } catch {
      this.ended = [];
    }
  }

  #counts(): Record<QueueFilter | "available" | "units", number> {
    const now = this.live.now;
    const real = this.incidents.filter(isActual);
    const count = (filter: QueueFilter): number => real.filter((one) => matches(one, filter, now)).length;
    const units = [...new Map([...this.roster, ...this.live.picture.units]).values()];
    return {
      open: count("open"),
      waiting: count("waiting"),
      working: count("working"),
      overdue: count("overdue"),
      shortfall: count("shortfall"),
      ended: count("ended"),
      available: units.filter((unit) => unit.status === "available").length,
      units: units.length,
    };
  }

  #wanted(): Incident[] {
    const now = this.live.now;
    if (this.filter !== "ended") return inQueueOrder(this.incidents.filter((one) => matches(one, this.filter, now)), now);
    const all = new Map(this.ended.map((one) => [one.id, one]));
    for (const one of this.incidents) if (!isOpen(one)) all.set(one.id, one);
    return [...all.values()].toSorted((a, b) => b.opened_at.localeCompare(a.opened_at));
  }

  #held(): { rows: Incident[]; waiting: number } {
    const byId = new Map(this.wanted.map((one) => [one.id, one]));
    const order = holdStill(this.#shown, [...byId.keys()], this.held);
    this.#shown = order.ids;
    return { rows: order.ids.flatMap((id) => byId.get(id) ?? []), waiting: order.waiting };
  }

  #selected(): Incident | null {
    if (!this.selectedId) return null;
    const live = this.live.picture.incidents.get(this.selectedId);
    if (live && (!this.detail || live.version >= this.detail.version)) return live;
    return this.detail ?? live ?? this.ended.find((one) => one.id === this.selectedId) ?? null;
  }
}
