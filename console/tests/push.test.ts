import { describe, expect, test } from "vitest";
import { push as texts } from "../src/state/messages/push.ts";
import {
  assignmentIn,
  failureOf,
  hindranceOf,
  isSameKey,
  isWatched,
  keyBytes,
  mayRetry,
  pageOf,
  readNews,
  readPush,
  receiptIn,
  shownFor,
  subscriptionBody,
  unitPages,
  workerAddress,
  workerLanguage,
  type OpenPage,
} from "../src/state/push.ts";

const id = "0198c0de-0000-7000-8000-000000000001";
const receipt = "5f0c7b0e-3a5b-4d0e-9a51-7a1f1d0c2b3a";
const message = { title: "新警情", text: "请打开控制台", urgency: "critical", tag: id, url: `/unit#assignment=${id}`, receipt };
const page = (path: string, more: Partial<OpenPage> = {}): OpenPage => ({
  url: `https://dispatch.example${path}`,
  focused: false,
  visibilityState: "hidden",
  ...more,
});

describe("a push message", () => {
  test("is read as the service sends it", () => {
    expect(readPush(JSON.stringify({ ...message, id: "m-1" }))).toEqual(message);
  });

  test.each(["", "null", "[]", "5", "nonsense", "{}", '{"title":1,"text":2}', undefined, null])(
    "that is broken (%s) still shows that there is news: a silent push would cost the permission",
    (text) => {
      expect(readPush(text)).toBeNull();
      for (const language of ["zh-CN", "en"] as const) {
        const { title, options } = shownFor(readPush(text), language, false);
        expect(title).not.toBe("");
        expect(options.body).not.toBe("");
        expect(options).toMatchObject({ requireInteraction: true, renotify: true, data: { url: "/unit", receipt: "" } });
      }
    },
  );

  test.each([null, 5, "x", {}, { receipt: 7 }, undefined])("without a proof proves nothing (%o)", (data) => {
    expect(receiptIn(data)).toBe("");
    expect(receiptIn(shownFor(message, "en", true).options.data)).toBe(receipt);
  });

  test("is worded in the page's language when the service's words are missing", () => {
    expect(shownFor(null, "zh-CN", false).title).not.toBe(shownFor(null, "en", false).title);
  });

  test("replaces the earlier one of its task, and makes itself heard again", () => {
    expect(shownFor(message, "en", false)).toEqual({
      title: "新警情",
      options: {
        body: "请打开控制台",
        tag: id,
        data: { url: `/unit#assignment=${id}`, receipt },
        requireInteraction: true,
        renotify: true,
        vibrate: [400, 150, 400, 150, 800],
      },
    });
  });

  test("of no urgency does not stay until somebody touches it", () => {
    expect(shownFor({ ...message, urgency: "routine" }, "en", false).options.requireInteraction).toBe(false);
  });

  test.each([true, false])("never asks a browser for what it refuses (watched: %s)", (watched) => {
    for (const given of [message, { ...message, tag: "" }, null]) {
      const { options } = shownFor(given, "en", watched);
      expect(options.silent === true && options.vibrate !== undefined).toBe(false);
      expect(options.renotify && options.tag === "").toBe(false);
      expect(options.tag).not.toBe("");
    }
  });

  test("does not ring beside a page that somebody is looking at", () => {
    expect(shownFor(message, "en", true).options).toMatchObject({ silent: true, renotify: false });
  });
});

describe("a touch on a notification", () => {
  test.each([
    "https://evil.example/unit",
    "//evil.example",
    "javascript:alert(1)",
    "/desk",
    "/unit/../desk",
    "/unit#key=dsp_stolen",
    `/unit#assignment=${id}&key=x`,
    "",
    undefined,
    7,
  ])("leads nowhere but to the unit's page (%s)", (url) => {
    expect(pageOf(url)).toBe("/unit");
  });

  test("leads to the task that it is about", () => {
    expect(pageOf(message.url)).toBe(message.url);
    expect(assignmentIn(message.url.toUpperCase().replace("/UNIT#ASSIGNMENT", "/unit#assignment"))).toBe(id);
    expect(assignmentIn("/unit")).toBeNull();
  });

  test("brings the page forward that somebody looked at last, and no other console", () => {
    const open = [page("/desk", { focused: true }), page("/unit"), page("/unit", { visibilityState: "visible" })];
    expect(unitPages(open)[0]).toBe(open[2]);
    expect(unitPages([page("/"), page("/units")])).toEqual([]);
  });

  test("an unfocused page does not count as watched", () => {
    expect(isWatched([page("/unit", { visibilityState: "visible" })])).toBe(false);
    expect(isWatched([page("/desk", { focused: true })])).toBe(false);
    expect(isWatched([page("/unit", { focused: true })])).toBe(true);
  });
});

describe("the worker and the page", () => {
  test.each(["zh-CN", "en"] as const)("agree on the language (%s)", (language) => {
    expect(workerLanguage(`https://dispatch.example${workerAddress(language)}`)).toBe(language);
  });

  test("take only news of each other", () => {
    expect(readNews({ type: "open", url: message.url })).toEqual({ type: "open", url: message.url });
    expect(readNews({ type: "open", url: "https://evil.example" })).toEqual({ type: "open", url: "/unit" });
    expect(readNews({ type: "renew" })).toEqual({ type: "renew" });
    for (const other of [null, 5, "open", {}, { type: "reload" }, { type: "open" }]) expect(readNews(other)).toBeNull();
  });
});

describe("whether push can work", () => {
  const around = { secure: true, able: true, apple: false, permission: "granted" };

  test.each([
    [{}, null],
    [{ secure: false, able: false }, "insecure"],
    [{ able: false }, "unsupported"],
    [{ able: false, apple: true }, "home_screen"],
    [{ permission: "denied" }, "denied"],
    [{ permission: "default" }, "not_asked"],
    [{ permission: null }, "not_asked"],
  ] as const)("%o says %s", (change, expected) => {
    expect(hindranceOf({ ...around, ...change })).toBe(expected);
  });

  test("a failure names who failed", () => {
    expect(failureOf("not_installed", true)).toBe("switched_off");
    expect(failureOf("endpoint_refused", true)).toBe("refused");
    expect(failureOf(null, false)).toBe("unreachable");
    expect(failureOf(null, true)).toBe("failed");
  });

  test("only what may work next time is offered again", () => {
    expect((["failed", "unreachable", "refused", "not_asked"] as const).every(mayRetry)).toBe(true);
    expect((["on", "asking", "insecure", "unsupported", "denied", "switched_off"] as const).some(mayRetry)).toBe(false);
  });

  test("every state has its words", () => {
    const why = ["insecure", "home_screen", "unsupported", "denied", "not_asked", "switched_off", "refused", "unreachable", "failed"];
    const tried = ["waiting", "sent", "later", "refused", "gone", "wait", "unreachable"];
    const keys = Object.keys(texts);
    expect(keys).toEqual(expect.arrayContaining([...why.map((one) => `push.why.${one}`), ...tried.map((one) => `push.tried.${one}`)]));
  });
});

describe("a subscription", () => {
  test("made with another key of the service is not taken for a good one", () => {
    const wanted = keyBytes("BPz_-w");
    expect([...wanted]).toEqual([4, 252, 255, 251]);
    expect(isSameKey(keyBytes("BPz_-w").buffer, wanted)).toBe(true);
    expect(isSameKey(keyBytes("BPz_-g").buffer, wanted)).toBe(false);
    expect(isSameKey(keyBytes("BPz_").buffer, wanted)).toBe(false);
    expect(isSameKey(null, wanted)).toBe(false);
  });

  test("is sent without what the service does not know", () => {
    const given = { endpoint: "https://push.example/x", expirationTime: null, keys: { p256dh: "p", auth: "a", further: "f" } };
    expect(subscriptionBody(given)).toEqual({ endpoint: "https://push.example/x", keys: { p256dh: "p", auth: "a" } });
  });
});
