/**
 * Judges what `npm run build` wrote: each page's weight against its budget, and that nothing needs
 * an inline script or style, which the content security policy refuses.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("../../src/dispatch/static/", import.meta.url));
/** kB gzipped of everything that the page loads at its start. */
const budgets = { "call.html": 30, "unit.html": 50, "desk.html": 90, "index.html": 40 };

const read = (path) => readFileSync(root + path);
const links = (html) => [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]);
const imports = (path) =>
  path.endsWith(".js")
    ? [...read(path).toString().matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)].map((match) => `assets/${match[1]}`)
    : [];

function everything(page) {
  const found = new Set(links(read(page).toString()));
  for (const path of found) for (const next of imports(path)) found.add(next);
  return [...found];
}

function inlineIn(page) {
  const html = read(page).toString();
  const faults = [];
  if (/<script(?![^>]*\bsrc=)[^>]*>\s*\S/i.test(html)) faults.push("inline script");
  if (/<style\b/i.test(html) || /\sstyle=/i.test(html)) faults.push("inline style");
  if (/\son\w+=/i.test(html)) faults.push("inline handler");
  if (/(?:src|href)="(?:data:|https?:)/i.test(html)) faults.push("foreign or data address");
  for (const path of everything(page)) {
    if (!path.endsWith(".js")) continue;
    // Svelte writes templates as HTML text: a style attribute in one would be refused when parsed.
    if (/<[a-z]+[^<>`]*\sstyle="/i.test(read(path).toString())) faults.push(`style attribute in ${path}`);
  }
  return faults;
}

/** The service worker is one classic script: an import would keep it from starting. */
function worker() {
  const text = read("sw.js").toString();
  const kilobytes = gzipSync(text, { level: 9 }).length / 1000;
  const faults = /\b(?:import|export)\b\s*[{*"'(]/.test(text) ? ["is not a classic script"] : [];
  return { kilobytes, faults };
}

let failed = false;
for (const [page, budget] of Object.entries(budgets)) {
  const files = everything(page);
  const kilobytes = [page, ...files].reduce((sum, path) => sum + gzipSync(read(path), { level: 9 }).length, 0) / 1000;
  const faults = inlineIn(page);
  const ok = kilobytes <= budget && faults.length === 0;
  failed ||= !ok;
  console.log(`${ok ? "ok  " : "FAIL"} ${page.padEnd(11)} ${kilobytes.toFixed(1).padStart(5)} of ${budget} kB gz  ${faults.join(", ")}`);
}
const { kilobytes, faults } = worker();
const ok = kilobytes <= 4 && faults.length === 0;
failed ||= !ok;
console.log(`${ok ? "ok  " : "FAIL"} ${"sw.js".padEnd(11)} ${kilobytes.toFixed(1).padStart(5)} of 4 kB gz  ${faults.join(", ")}`);
process.exitCode = failed ? 1 : 0;
