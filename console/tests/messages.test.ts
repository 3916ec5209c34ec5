import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import glossary from "../glossary.json" with { type: "json" };
import { callBindings, deskBindings, unitBindings, type Binding } from "../src/state/bindings.ts";
import { audits } from "../src/state/messages/audits.ts";
import { call } from "../src/state/messages/call.ts";
import { callLater } from "../src/state/messages/call_later.ts";
import { fill, type Text, type Texts } from "../src/state/messages/catalogue.ts";
import { common } from "../src/state/messages/common.ts";
import { desk } from "../src/state/messages/desk.ts";
import { drills } from "../src/state/messages/drills.ts";
import { modes } from "../src/state/messages/modes.ts";
import { paper } from "../src/state/messages/paper.ts";
import { push } from "../src/state/messages/push.ts";
import { readiness } from "../src/state/messages/readiness.ts";
import { refusals } from "../src/state/messages/refusals.ts";
import { rollCall } from "../src/state/messages/roll_call.ts";
import { rollReport } from "../src/state/messages/roll_report.ts";
import { schedules } from "../src/state/messages/schedules.ts";
import { start } from "../src/state/messages/start.ts";
import { unit } from "../src/state/messages/unit.ts";
import { unitLater } from "../src/state/messages/unit_later.ts";

const catalogues: Record<string, Texts> = {
  ...{ common, call, callLater, unit, unitLater, desk, modes, push, rollCall, start },
  ...{ audits, drills, paper, readiness, refusals, rollReport, schedules },
};
const every = Object.entries(catalogues).flatMap(([page, texts]) =>
  Object.entries(texts).map(([key, text]) => [`${page} ${key}`, key, text] as [string, string, Text]),
);
const words = glossary as Record<string, { "zh-CN": string; en: string }>;
const places = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1] ?? ""))].sort();

describe("the message catalogues", () => {
  test.each(every)("%s has both languages with the same places", (_, __, text) => {
    expect(text[0].trim()).not.toBe("");
    expect(text[1].trim()).not.toBe("");
    expect(places(text[1])).toEqual(places(text[0]));
  });

  test.each(every.filter(([, key]) => key in words))("%s says what the glossary says", (_, key, text) => {
    expect([text[0], text[1]]).toEqual([words[key]?.["zh-CN"], words[key]?.en]);
  });

  test("every danger that alarms a unit again has a name", () => {
    const source = readFileSync(fileURLToPath(new URL("../../src/dispatch/domain/alerting.py", import.meta.url)), "utf8");
    const block = /DANGER_TAGS: Final = frozenset\(([^]*?)\n\)/.exec(source)?.[1] ?? "";
    const dangers = [...block.matchAll(/"(\w+)"/g)].map((match) => match[1] ?? "");
    expect(dangers.length).toBeGreaterThan(5);
    expect(dangers.filter((tag) => !(`tag.${tag}` in unitLater))).toEqual([]);
  });

  test("no key says one thing in one catalogue and another in the next", () => {
    const said = new Map<string, Set<string>>();
    for (const [, key, text] of every) said.set(key, (said.get(key) ?? new Set()).add(text.join(" / ")));
    expect([...said].filter(([, texts]) => texts.size > 1)).toEqual([]);
  });

  test("no text labels a person", () => {
    const labels = /精神病人|精神病患者|上访户|疯子|mental patient|lunatic/i;
    expect(every.filter(([, , text]) => labels.test(text.join(" "))).map(([name]) => name)).toEqual([]);
  });

  const tables: [string, readonly Binding[], Texts][] = [
    ["call", callBindings, callLater],
    ["unit", unitBindings, unitLater],
    ["desk", deskBindings, desk],
  ];
  test.each(tables)("every key of the %s page is explained", (_, bindings, texts) => {
    expect(bindings.filter((binding) => !texts[`key.${binding.id}`]).map((binding) => binding.id)).toEqual([]);
  });

  test.each(tables)("no key of the %s page does two things or belongs to the browser", (_, bindings) => {
    const keys = bindings.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => /^(Ctrl\+[ntw]|F5|F11|F12)$/i.test(key))).toEqual([]);
  });

  test("every text that a view asks for exists", () => {
    const root = fileURLToPath(new URL("../src/views/", import.meta.url));
    const known = new Set(every.map(([, key]) => key));
    const missing = readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(svelte|ts)$/.test(file))
      .flatMap((file) =>
        [...readFileSync(root + file, "utf8").matchAll(/\bt\("([a-z_.]+)"/g)]
          .map((match) => match[1] ?? "")
          .filter((key) => !known.has(key))
          .map((key) => `${file}: ${key}`),
      );
    expect(missing).toEqual([]);
  });
});

describe("places in a text", () => {
  test("are filled with their values", () => {
    expect(fill("{n} {n:unit/units} at {at}", { n: 1, at: "08:50" })).toBe("1 unit at 08:50");
    expect(fill("{n} {n:unit/units}", { n: 3 })).toBe("3 units");
  });

  test("stay visible when the value is missing", () => {
    expect(fill("by {who}", {})).toBe("by {who}");
  });
});
