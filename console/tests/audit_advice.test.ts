import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { advised, mayBeMeant } from "../src/state/audit_advice.ts";
import { audits } from "../src/state/messages/audits.ts";
import { assignment, at, incident } from "./builders.ts";

const quiet = incident({ id: "quiet", assignments: [assignment({ status: "on_scene", acknowledged_at: new Date(at(1)).toISOString() })] });
const silent = incident({ id: "silent", opened_at: new Date(at(-60)).toISOString(), assignments: [assignment()] });
const nobody = incident({ id: "nobody", status: "received" });
const over = incident({ id: "over", status: "closed", assignments: [assignment()] });
const all = [quiet, silent, nobody, over];
const meant = (code: string): string[] => mayBeMeant(code, all, at(5)).map((one) => one.id);

describe("what to do about what the auditor found", () => {
  test("is said for each of its codes", () => {
    const source = readFileSync(new URL("../../src/dispatch/domain/audit_findings.py", import.meta.url), "utf8");
    const block = /Code = Literal\[([^]*?)\n\]/.exec(source)?.[1] ?? "";
    const codes = [...block.matchAll(/"(\w+)"/g)].map((match) => match[1] ?? "");
    expect(codes.length).toBeGreaterThan(5);
    expect(codes.filter((code) => !(advised as readonly string[]).includes(code))).toEqual([]);
    expect(advised.filter((code) => !(`do.${code}` in audits))).toEqual([]);
  });

  test("begins with the incidents that may be meant, and never with one that is over", () => {
    expect(meant("silence_without_step")).toEqual(["silent"]);
    expect(meant("incident_without_anybody")).toEqual(["nobody"]);
    expect(meant("assignment_without_timer")).toEqual(["silent", "quiet"]);
    expect(meant("place_without_anybody")).toEqual(["silent", "quiet", "nobody"]);
  });

  test("names no incident where it is about none, or is not known", () => {
    expect(meant("kit_old")).toEqual([]);
    expect(meant("something_new")).toEqual([]);
  });
});
