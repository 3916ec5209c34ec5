import { describe, expect, test } from "vitest";
import { Http, itemsOf, Refusal, Unreachable } from "../src/wire/http.ts";

interface Asked {
  url: string;
  init: RequestInit;
}

function http(respond: () => Response | Promise<Response>, token: string | null = null): { http: Http; asked: Asked[] } {
  const asked: Asked[] = [];
  const client = new Http({
    token: () => token,
    fetch: async (url, init) => {
      asked.push({ url: String(url), init: init ?? {} });
      return respond();
    },
  });
  return { http: client, asked };
}

describe("the http client", () => {
  test("sends the key of the workstation and of the message", async () => {
    const { http: client, asked } = http(() => Response.json({ ok: true }), "secret");
    await client.post("/x", { a: 1 }, { idempotencyKey: "k1" });
    expect(asked[0]?.url).toBe("/api/v1/x");
    expect(asked[0]?.init.headers).toMatchObject({ Authorization: "Bearer secret", "Idempotency-Key": "k1" });
    expect(asked[0]?.init.body).toBe('{"a":1}');
  });

  test("turns a problem document into a refusal with its code and facts", async () => {
    const body = { title: "Conflict", status: 409, code: "wrong_state", detail: "no", current: { status: "revoked" } };
    const { http: client } = http(() => Response.json(body, { status: 409 }));
    const refusal = await client.post("/x", {}).catch((cause: unknown) => cause);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ status: 409, code: "wrong_state", message: "no", temporary: false, body: { current: { status: "revoked" } } });
  });

  test.each([503, 429, 500])("takes %i as temporary", async (status) => {
    const { http: client } = http(() => new Response("", { status, headers: { "Retry-After": "2" } }));
    const refusal = (await client.get("/x").catch((cause: unknown) => cause)) as Refusal;
    expect(refusal.temporary).toBe(true);
    expect(refusal.retryAfterMs).toBe(2_000);
  });

  test("survives an answer that is not JSON", async () => {
    const { http: client } = http(() => new Response("<html>bad gateway</html>", { status: 502 }));
    expect(await client.get("/x").catch((cause: unknown) => cause)).toMatchObject({ code: "http_502" });
  });

  test("tells silence from refusal", async () => {
    const { http: client } = http(() => Promise.reject(new TypeError("failed")));
    expect(await client.get("/x").catch((cause: unknown) => cause)).toBeInstanceOf(Unreachable);
  });

  test("an empty answer is no value", async () => {
    const { http: client } = http(() => new Response(null, { status: 204 }));
    expect(await client.delete("/x")).toBeUndefined();
  });

  test("a list may come bare or in items", () => {
    expect(itemsOf([1])).toEqual([1]);
    expect(itemsOf({ items: [1] })).toEqual([1]);
    expect(itemsOf(undefined)).toEqual([]);
  });
});
