/** One demo city per worker, and the pages that a test opens in it. No page may break the policy of content or throw. */
import { type Browser, type BrowserContext, type Page, expect, test as base } from "@playwright/test";
import { type Incident, Operator } from "./api.ts";
import { freePort } from "./ports.mjs";
import { type ConsoleKey, type DeviceKey, DemoServer } from "./server.mjs";

export type Language = "zh-CN" | "en";
const phone = { width: 430, height: 900 };
const wide = { width: 1600, height: 900 };

export class World {
  readonly wrongs: string[] = [];
  private readonly contexts: BrowserContext[] = [];

  constructor(
    readonly server: DemoServer,
    readonly operator: Operator,
    private readonly browser: Browser,
  ) {}

  get keys() {
    return this.server.keys;
  }

  console(code: string): ConsoleKey {
    const found = this.keys.consoles.find((one) => one.unit === code);
    if (!found) throw new Error(`no console of ${code}`);
    return found;
  }

  device(code: string): DeviceKey {
    const found = this.keys.devices.find((one) => one.code === code);
    if (!found) throw new Error(`no device ${code}`);
    return found;
  }

  async page(path: string, options: { locale?: Language; viewport?: typeof phone } = {}): Promise<Page> {
    const context = await this.browser.newContext({
      baseURL: this.server.base,
      locale: options.locale ?? "zh-CN",
      viewport: options.viewport ?? phone,
    });
    this.contexts.push(context);
    const page = await context.newPage();
    const name = path.split("#")[0];
    page.on("pageerror", (error) => this.wrongs.push(`${name}: ${error.message}`));
    page.on("console", (message) => {
      if (/content security policy|\[Violation\]/i.test(message.text())) this.wrongs.push(`${name}: ${message.text()}`);
    });
    await page.goto(path);
    return page;
  }

  call(locale: Language = "zh-CN", device: DeviceKey = this.keys.device): Promise<Page> {
    return this.page(`/call#device=${device.id}&key=${device.token}`, { locale });
  }

  async unit(which: ConsoleKey | undefined, locale: Language = "zh-CN"): Promise<Page> {
    if (!which) throw new Error("no such console");
    const page = await this.page(`/unit#key=${which.token}`, { locale });
    await expect(page.locator(".link.good")).toBeVisible();
    return page;
  }

  /** Police (lead), justice, health, community. */
  four(locale: Language = "zh-CN"): Promise<Page[]> {
    return Promise.all(this.keys.consoles.slice(0, 4).map((one) => this.unit(one, locale)));
  }

  async desk(locale: Language = "zh-CN", login = "desk1"): Promise<Page> {
    const page = await this.page("/desk", { locale, viewport: wide });
    await page.locator("#login").fill(login);
    await page.locator("#password").fill("demo-only");
    await page.keyboard.press("Enter");
    await expect(page.locator(".link.good")).toBeVisible();
    return page;
  }

  /** An incident told by an operator without a page. */
  report(body: Record<string, unknown>): Promise<Incident> {
    return this.operator.report(body);
  }

  async close(): Promise<void> {
    for (const context of this.contexts) await context.close();
  }
}

export const test = base.extend<{ world: World }, { city: DemoServer }>({
  city: [
    async ({}, use, worker) => {
      const city = new DemoServer(await freePort(worker.parallelIndex));
      await city.start();
      await use(city);
      await city.end();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  world: async ({ city, browser }, use) => {
    const operator = await Operator.logIn(city.base);
    await operator.quiet();
    const world = new World(city, operator, browser);
    await use(world);
    await world.close();
    await operator.quiet();
    await operator.dispose();
    expect(world.wrongs).toEqual([]);
  },
});

export { expect };
