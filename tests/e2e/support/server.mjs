/** The real service with the demo city: started, stopped, killed and started again on the same data. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const startWithinMs = 60_000;

/**
 * @typedef {{ unit: string, unit_id: string, kind: string, name: string, name_en: string, token: string }} ConsoleKey
 * @typedef {{ id: string, code: string, name: string, place: string, place_en: string, token: string }} DeviceKey
 * @typedef {{ base_url: string, device: DeviceKey, devices: DeviceKey[], consoles: ConsoleKey[], integrator_key: string }} Keys
 */

export class DemoServer {
  /** @param {number} port */
  constructor(port) {
    this.port = port;
    this.base = `http://127.0.0.1:${port}`;
    this.data = mkdtempSync(`${tmpdir()}/dispatch-e2e-`);
    chmodSync(this.data, 0o755);
    /** @type {import("node:child_process").ChildProcess | null} */
    this.child = null;
    this.said = "";
  }

  async start() {
    this.said = "";
    const child = spawn(`${root}/.venv/bin/dispatch`, ["demo", "--port", String(this.port), "--data", this.data], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (this.said += text));
    const until = Date.now() + startWithinMs;
    while (!(await this.ready())) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`The service did not start:\n${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async ready() {
    try {
      return existsSync(`${this.data}/demo.json`) && (await fetch(`${this.base}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  /** @returns {Keys} */
  get keys() {
    return JSON.parse(readFileSync(`${this.data}/demo.json`, "utf8"));
  }

  /**
   * Rows of the city's own database.
   * @param {string} statement @param {string[]} values @returns {Promise<Record<string, unknown>[]>}
   */
  async ask(statement, ...values) {
    const script = fileURLToPath(new URL("ask.py", import.meta.url));
    const { stdout } = await promisify(execFile)(`${root}/.venv/bin/python`, [script, this.data, statement, ...values]);
    return JSON.parse(stdout);
  }

  /** What was sent to people's phones: the demo appends it to a file. @returns {{ to: string, text: string }[]} */
  get pages() {
    const file = `${this.data}/pages.log`;
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    return lines.filter(Boolean).map((line) => JSON.parse(line));
  }

  /** @param {NodeJS.Signals} signal */
  async stop(signal = "SIGINT") {
    const child = this.child;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(late);
  }

  async end() {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }
}
