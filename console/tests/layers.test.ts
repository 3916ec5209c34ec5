import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../src/", import.meta.url));
const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.(ts|svelte)$/.test(file))
  .map((file) => ({ file: file.replaceAll("\\", "/"), text: readFileSync(root + file, "utf8") }));
const within = (layer: string) => sources.filter(({ file }) => file.startsWith(`${layer}/`));
const offending = (list: typeof sources, pattern: RegExp): string[] => list.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

describe("the layers", () => {
  test("wire knows neither state nor views", () => {
    expect(offending(within("wire"), /from "\.\.\/(state|views)/)).toEqual([]);
  });

  test("state knows no views and of the wire only its types", () => {
    expect(offending(within("state"), /from "(\.\.\/)+views|import (?!type)[^;]*from "(\.\.\/)+wire/)).toEqual([]);
  });

  test("only wire talks to the network", () => {
    const rest = [...within("state"), ...within("views")];
    expect(offending(rest, /\bfetch\(|new (WebSocket|EventSource|XMLHttpRequest)|sendBeacon/)).toEqual([]);
  });

  test("state needs no browser and no wall clock", () => {
    expect(offending(within("state"), /\b(document|window|navigator|localStorage)\.|Date\.now\(/)).toEqual([]);
  });

  test("no view carries a style attribute or raw html", () => {
    expect(offending(within("views"), /\sstyle=|<[^>]*\sstyle:|\{@html/)).toEqual([]);
  });

  test("the lock names no address", () => {
    const lock = readFileSync(fileURLToPath(new URL("../package-lock.json", import.meta.url)), "utf8");
    expect(lock).not.toMatch(/https?:|"resolved"/);
  });
});
