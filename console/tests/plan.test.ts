import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Language } from "../src/state/format.ts";
import { forbiddenOf, meant } from "../src/state/forbidden.ts";
import { translatorIn } from "../src/state/messages/catalogue.ts";
import { common } from "../src/state/messages/common.ts";
import { desk } from "../src/state/messages/desk.ts";
import { isHeldBack, needWords, poolName, poolOf } from "../src/state/needs.ts";
import { asksOperator, awaitsOperator, clockOfStage, inStageOrder, isMoot, releasedByTags } from "../src/state/stages.ts";
import { offeredTags, tagsToAdd } from "../src/state/tags.ts";
import { factsOf } from "../src/state/timeline_facts.ts";
import { whenWords } from "../src/state/trigger_words.ts";
import type { Requirement, Stage, TimelineItem, Trigger } from "../src/wire/types.ts";
import { assignment, at, incident } from "./builders.ts";

const say = (language: Language) => translatorIn({ ...common, ...desk }, () => language);
const en = say("en");
const zh = say("zh-CN");
const instant = (seconds: number): string => new Date(at(seconds)).toISOString();

function stage(over: Partial<Stage> = {}): Stage {
  return {
    action: "send",
    requirement: 1,
    unit_kind: "womens_federation",
    role: "support",
    slots: [1],
    mandatory: true,
    trigger: { event: "lead_arrived" },
    due_at: null,
    ...over,
  };
}

describe("what is waited for", () => {
  const opened = instant(0);
  const known = (seconds: number) => ({ dueAt: instant(seconds), openedAt: opened });
  const words: [Trigger, { dueAt?: string; openedAt?: string }, string, string][] = [
    [{ event: "lead_arrived" }, {}, "主办单位到场后", "when the lead is on scene"],
    [{ event: "confirmed" }, {}, "值班员确认后", "when you confirm"],
    [{ tag: "violence" }, {}, "报告“有暴力行为”后", "when “Violence” is reported"],
    [{ tag: "black_ice" }, {}, "报告“black ice”后", "when “black ice” is reported"],
    [{ after_s: 300 }, known(300), "16:55（报警后 5 分钟）", "at 16:55, 5 min after the call"],
    [{ after_s: 3600 }, {}, "报警后 1 小时", "1 h after the call"],
    [{ after_s: 90 }, {}, "报警后 90 秒", "90 s after the call"],
    [
      { event: "lead_fed_back", tag: "injured" },
      {},
      "主办单位反馈后，且报告“有人受伤”后",
      "when the lead has given feedback and when “Injured” is reported",
    ],
    [
      { event: "lead_arrived", after_s: 300 },
      known(300),
      "主办单位到场后，且不早于 16:55",
      "when the lead is on scene, but not before 16:55",
    ],
    [
      { event: "lead_silent", after_s: 600 },
      known(600),
      "到 17:00 主办单位仍未签收时",
      "if the lead has not acknowledged by 17:00",
    ],
    [
      { event: "lead_silent", after_s: 600 },
      {},
      "报警后 10 分钟 主办单位仍未签收时",
      "if the lead has not acknowledged 10 min after the call",
    ],
    [{}, {}, "立即", "at once"],
  ];
  test.each(words)("%j is said in words", (trigger, places, chinese, english) => {
    expect([whenWords(trigger, zh, places), whenWords(trigger, en, places)]).toEqual([chinese, english]);
  });

  test("names the day where it is not today's", () => {
    expect(whenWords({ after_s: 86_400 }, en, known(86_400))).toBe("at 2026-11-24 16:50, 24 h after the call");
  });

  test("has words for everything that can be waited for", () => {
    const events = [...source("domain/trigger.py").matchAll(/EVENTS: Final = \(([^)]*)\)/g)].flatMap(([, list]) => quoted(list));
    expect(events.length).toBeGreaterThan(5);
    expect(events.filter((event) => !(`when.${event}` in desk))).toEqual([]);
  });
});

describe("who is held back", () => {
  const confirm = stage({ requirement: 4, trigger: { event: "confirmed" } });

  test("asks the operator only once nothing else is missing", () => {
    const later = { ...confirm, trigger: { event: "confirmed", tag: "fire" } as Trigger };
    const timed = { ...confirm, due_at: instant(60) };
    expect(asksOperator(confirm, incident(), at(1))).toBe(true);
    expect(asksOperator(later, incident(), at(1))).toBe(false);
    expect(asksOperator(later, incident({ tags: ["fire"] }), at(1))).toBe(true);
    expect([59, 60].map((second) => asksOperator(timed, incident(), at(second)))).toEqual([false, true]);
    expect(awaitsOperator(incident({ stages: [stage(), confirm] }), at(1))).toBe(true);
    expect(awaitsOperator(incident({ stages: [confirm], status: "closed" }), at(1))).toBe(false);
    expect(awaitsOperator(incident(), at(1))).toBe(false);
  });

  test("shows a clock only while time alone brings it on", () => {
    const timed = stage({ trigger: { after_s: 60 }, due_at: instant(60) });
    const clock = { since: incident().opened_at, by: instant(60) };
    expect(clockOfStage(timed, incident(), at(59))).toEqual(clock);
    expect(clockOfStage(timed, incident(), null)).toEqual(clock);
    expect(clockOfStage(timed, incident(), at(61))).toBeNull();
    expect(clockOfStage(timed, incident({ status: "suspended" }), at(1))).toBeNull();
    expect(clockOfStage(timed, incident({ status: "closed" }), at(1))).toBeNull();
    expect(clockOfStage(stage(), incident(), at(1))).toBeNull();
  });

  test("counts no time down for a silence that is over", () => {
    const takes = stage({ action: "lead", trigger: { event: "lead_silent", after_s: 600 }, due_at: instant(600) });
    const silent = incident({ assignments: [assignment()] });
    const answered = incident({ assignments: [assignment({ acknowledged_at: instant(20) })] });
    expect([silent, answered].map((one) => isMoot(takes, one))).toEqual([false, true]);
    expect(clockOfStage(takes, answered, at(30))).toBeNull();
  });

  test("stands in the order in which it matters", () => {
    const soon = stage({ requirement: 3, due_at: instant(60), trigger: { after_s: 60 } });
    const later = stage({ requirement: 2, due_at: instant(90), trigger: { after_s: 90 } });
    const order = inStageOrder(incident({ stages: [stage(), later, soon, confirm] }), at(1));
    expect(order.map((one) => one.requirement)).toEqual([4, 3, 2, 1]);
  });
});

describe("tags added by hand", () => {
  test("are each told once, and none that is there already", () => {
    expect(tagsToAdd(["injured"], ["weapon", "injured"], "Fire, black_ice  weapon；毒气")).toEqual(["weapon", "fire", "black_ice", "毒气"]);
    expect(tagsToAdd([], [], "  ")).toEqual([]);
  });

  test("can be chosen where somebody waits for them", () => {
    const waiting = incident({ stages: [stage({ trigger: { tag: "boundary" } }), stage({ trigger: { tag: "fire" } })] });
    expect(offeredTags(waiting)).toEqual(["violence", "weapon", "fire", "injured", "transfer", "minor", "boundary"]);
  });

  test("say beforehand whom they send", () => {
    const plan = incident({
      stages: [
        stage({ trigger: { tag: "violence" } }),
        stage({ requirement: 2, trigger: { tag: "violence", event: "lead_arrived" } }),
        stage({ requirement: 3, trigger: { tag: "violence", after_s: 60 }, due_at: instant(60) }),
        stage({ requirement: 4, trigger: { tag: "fire" } }),
      ],
    });
    const sent = (now: number) => releasedByTags(plan, ["violence"], now).map((one) => one.requirement);
    expect(sent(at(1))).toEqual([1]);
    expect(sent(at(61))).toEqual([1, 3]);
  });
});

describe("a requirement", () => {
  const base: Requirement = { unit_kind: "party_branch", role: "support", required_count: 1, filled: [], shortfall: null };
  const kind = (code: string): string => code;

  test("says in short words what it asks besides kind and role", () => {
    const asked: Requirement = {
      ...base,
      capability: "boat",
      language: "en",
      units: ["PS-1", "PS-2"],
      within_m: 5000,
      rest_s: 600,
      tier: "parent",
      spread: "county",
      ask: 3,
      claim: true,
      release: { tag: "fire" },
      leads: { event: "lead_silent", after_s: 600 },
      mandatory: false,
    };
    expect(needWords(asked, en, "en")).toEqual([
      "with “boat”",
      "speaks English",
      "only PS-1 PS-2",
      "within 5.0 km",
      "rested for 10 min",
      "asked from the level above",
      "each from another county",
      "offered to 3, the first 1 to acknowledge has it",
      "goes when “Fire” is reported",
      "takes the lead if the lead has not acknowledged 10 min after the call",
      "optional",
    ]);
    expect(needWords({ ...base, language: "??" }, zh, "zh-CN")).toEqual(["会说??"]);
    expect(needWords({ ...base, ask: 2 }, zh, "zh-CN")).toEqual(["同时派 2 家，1 家签收即可"]);
    expect(needWords(base, en, "en")).toEqual([]);
  });

  test("without a kind is called by its capability", () => {
    const any = { ...base, unit_kind: null, capability: "boat" };
    expect(poolName(poolOf(any), kind, en)).toBe("Any unit with “boat”");
    expect(poolName(poolOf(base), kind, en)).toBe("party_branch");
  });

  test("is held back, not short, while it waits", () => {
    const waits = { ...base, release: { tag: "fire" } };
    expect(isHeldBack(waits)).toBe(true);
    expect(isHeldBack({ ...waits, filled: ["u1"] })).toBe(false);
    expect(isHeldBack({ ...waits, shortfall: { reason: "off_duty", count: 1 } })).toBe(false);
    expect(isHeldBack(base)).toBe(false);
  });
});

describe("what the rules forbid", () => {
  const body = { code: "excluded_by_rule", unit: "VOL-1", unit_kind: "volunteer_team", why: { zh: "保护隐私", en: "Privacy" } };
  const unit = (code: string, kind: string | null) => ({ unit: { id: code, code, name: code, kind } });

  test("is told from other refusals, with the rule's reason", () => {
    expect(forbiddenOf(body)).toEqual({ unit: "VOL-1", kind: "volunteer_team", why: body.why });
    expect(forbiddenOf({ code: "excluded_by_rule" })).toEqual({ unit: "", kind: null, why: null });
    expect(forbiddenOf({ code: "unit_unavailable" })).toBeNull();
  });

  test("means every chosen unit of the kind, not only the first", () => {
    const chosen = [unit("VOL-1", "volunteer_team"), unit("VOL-2", "volunteer_team"), unit("PS-1", "police_station"), unit("X", null)];
    const codes = (...args: Parameters<typeof meant>) => meant(...args).map((one) => one.unit.code);
    expect(codes(chosen, forbiddenOf(body), [])).toEqual(["VOL-1", "VOL-2"]);
    expect(codes(chosen, null, ["police_station"])).toEqual(["PS-1"]);
    expect(codes(chosen, forbiddenOf({ code: "excluded_by_rule" }), [])).toEqual([]);
  });
});

describe("the timeline", () => {
  const units: Record<string, string> = { a2: "Fire brigade", u3: "Volunteers" };
  const told = (event: string, facts: Record<string, unknown>, t = en): string =>
    factsOf({ at: instant(1), event, facts } as TimelineItem, {
      t,
      type: (code) => code,
      pool: (code) => code,
      unit: (id) => units[String(id)] ?? "",
      where: (one) => String(one["address"]),
      openedAs: "fire",
    });

  test("says what changed, and from where to where an incident was moved", () => {
    expect(told("assignment.alerted", { changed: ["urgency", "tag:weapon"], revision: 2, channels: [] })).toBe("changed: urgency · Weapon");
    const moved = { before: { address: "gate 1" }, after: { address: "gate 2" }, reason: "misheard" };
    expect(told("incident.relocated", moved)).toBe("now at: gate 2 · was at: gate 1 · misheard");
  });

  test("says how a unit was reached, and that it was not", () => {
    expect(told("assignment.paged", { reason: "no_console", channels: ["sms"] })).toBe("No console open · SMS or voice");
    expect(told("assignment.paged", { reason: "on_call", channels: [] })).toContain("off duty, no number, or no channel");
    expect(told("assignment.escalated", { missed: "deliver_by", attention: "shift_leader" })).toBe("nobody of it can be reached · Shift leader told");
    expect(told("assignment.reopened", { reason: "not_moving" })).toBe("Acknowledged, but does not move");
  });

  test("says who was held back, why they went and whether anybody was found", () => {
    const facts = { requirement: 1, unit_kind: "ems_120", trigger: { tag: "injured" }, reason: "triggered" };
    expect(told("incident.stage_released", { ...facts, sent: ["a2"] })).toBe(
      "ems_120 · sent Fire brigade · when “Injured” is reported",
    );
    expect(told("incident.stage_released", { ...facts, reason: "confirmed", sent: [] })).toBe(
      "ems_120 · nobody could be found · An operator decided",
    );
    expect(told("incident.stage_skipped", { unit_kind: "ems_120", reason: "nobody is hurt" })).toBe("ems_120 · nobody is hurt");
  });

  test.each([
    ["switched", "when “Fire” is reported · instead of Fire brigade"],
    ["claimed", "The first to acknowledge leads · instead of Fire brigade"],
    ["confirmed", "An operator decided · instead of Fire brigade"],
    ["lead_silent", "The lead is silent · instead of Fire brigade"],
  ])("says why the lead passed on: %s", (reason, words) => {
    const trigger = reason === "claimed" || reason === "lead_silent" ? {} : { trigger: { tag: "fire" } };
    expect(told("incident.lead_changed", { previous: "a2", reason, ...trigger })).toBe(words);
  });

  test("says what a report or a person changed, in words", () => {
    expect(told("incident.updated", { tags: ["fire"], found: ["fire"], text: "smoke" })).toBe("smoke · found: Fire");
    const before = { severity: "III", urgency: "normal", tags: ["injured"] };
    const after = { severity: "II", urgency: "normal", tags: ["injured", "weapon"] };
    expect(told("incident.updated", { before, after, reason: "call_joined" }, zh)).toBe(
      "Ⅲ级 → Ⅱ级 · 新增标签：有凶器 · 后续呼叫报告更严重",
    );
    expect(told("incident.updated", { dispatched: ["u3"], reason: "calm now", override: true })).toBe(
      "sent Volunteers · against the rules, by a person's decision · calm now",
    );
    expect(told("assignment.revoked", { reason: "taken" }, zh)).toBe("已被领取");
  });
});

/** Codes live in the service; a new one without words would stand on the screen as a code. */
describe("every reason that the service gives by code has words", () => {
  const codes = (file: string, pattern: RegExp): string[] => [...source(file).matchAll(pattern)].flatMap(([found]) => quoted(found));
  const given: [string, string[]][] = [
    ["of events", codes("domain/disclosure.py", /REASON_CODES: Final = frozenset\(\s*\{[^}]*\}/g)],
    ["of refused candidates", codes("domain/candidate.py", /return "[a-z_]+"/g)],
    ["of places that nobody fills", codes("domain/routing.py", /ShortfallReason = Literal\[[^\]]*\]/g)],
    ["of the candidates shown", codes("domain/routing.py", /reason = "[a-z_]+" if [^\n]* else "[a-z_]+"|_Pick\(candidate, rank, "[a-z_]+"/g)],
  ];
  test.each(given)("%s", (_, found) => {
    expect(found.length).toBeGreaterThan(1);
    expect(found.filter((code) => !(`reason.${code}` in desk))).toEqual([]);
  });
});

function source(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../../src/dispatch/${file}`, import.meta.url)), "utf8");
}

function quoted(text = ""): string[] {
  return [...text.matchAll(/"([a-z_]+)"/g)].map((match) => match[1] ?? "");
}
