import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const backend = process.env["DISPATCH_BACKEND"] ?? "http://127.0.0.1:8000";

/** The call page is bundled by itself: what the others share would otherwise weigh on its 30 kB. */
const pages = (mode: string): string[] => (mode === "call" ? ["call"] : ["index", "unit", "desk"]);

/** The service worker is one classic script at a fixed address, which its browser asks for again and again. */
const worker = { input: here("src/sw.ts"), output: { format: "iife", entryFileNames: "sw.js" } } as const;

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  build: {
    outDir: here("../src/dispatch/static"),
    emptyOutDir: mode !== "call" && mode !== "worker",
    // The content security policy allows no data: or inline source, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions:
      mode === "worker" ? worker : { input: Object.fromEntries(pages(mode).map((page) => [page, here(`${page}.html`)])) },
  },
  server: {
    proxy: { "/api": { target: backend, ws: true } },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
  },
}));
