import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** Recomputes the table of the design: text 4.5:1, what bounds a control or carries a state 3:1. */
const css = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");
const [darkPart = "", lightPart = ""] = css.split("@media (prefers-color-scheme: light)");

function tokens(part: string): Record<string, string> {
  const block = part.slice(0, part.indexOf("}"));
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1], match[2]]));
}

const dark = tokens(darkPart);
const light = { ...dark, ...tokens(lightPart) };

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const grounds = ["bg0", "bg1", "bg2", "select"];
const inks = ["text", "text-2", "p1", "p2", "p3", "p4", "ok"];
const controls = ["border", "focus"];
const white = "#ffffff";

describe.each([
  ["dark", dark],
  ["light", light],
])("the %s scheme", (_, scheme) => {
  const of = (name: string): string => scheme[name] ?? expect.fail(`no token ${name}`);
  const pairs = (names: string[], on: string[]): [string, string][] => names.flatMap((name) => on.map((ground) => [name, ground] as [string, string]));

  test.each(pairs(inks, grounds))("%s can be read on %s", (ink, ground) => {
    expect(contrast(of(ink), of(ground))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(pairs(controls, grounds.slice(0, 3)))("%s stands out from %s", (control, ground) => {
    expect(contrast(of(control), of(ground))).toBeGreaterThanOrEqual(3);
  });

  test.each(["p1", "p2", "p3", "p4", "ok"])("ink can be read on a %s badge", (badge) => {
    expect(contrast(of("badge-ink"), of(badge))).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["alarm-fill", "accept-fill", "neutral-fill"])("white can be read on %s", (fill) => {
    expect(contrast(white, of(fill))).toBeGreaterThanOrEqual(6);
  });

  test("dark ink can be read on amber", () => {
    expect(contrast("#0b1014", of("amber-fill"))).toBeGreaterThanOrEqual(6.5);
  });
});
