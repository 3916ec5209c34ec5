import { describe, expect, test } from "vitest";
import { find, keyName, unitBindings } from "../src/state/bindings.ts";
import { conflictOf } from "../src/state/conflict.ts";
import { RetryKeys } from "../src/state/retry_key.ts";
import { incident } from "./builders.ts";

describe("retry keys", () => {
  let ids = 0;
  const keys = new RetryKeys(() => `k${(ids += 1)}`);

  test("the same content tried again keeps its key", () => {
    expect(keys.keyFor("report", { a: 1 })).toBe(keys.keyFor("report", { a: 1 }));
  });

  test("changed content gets a new key", () => {
    expect(keys.keyFor("report", { a: 1 })).not.toBe(keys.keyFor("report", { a: 2 }));
  });

  test("after the answer the next act is a new one", () => {
    const first = keys.keyFor("note", { text: "x" });
    keys.done("note");
    expect(keys.keyFor("note", { text: "x" })).not.toBe(first);
  });
});

describe("a conflict", () => {
  test("says what changed and who did it", () => {
    const body = { code: "stale_version", detail: "changed", current: { ...incident(), status: "closed" }, changed_by: { name: "李" } };
    expect(conflictOf(body, incident())).toMatchObject({
      who: "李",
      status: "closed",
      changes: [{ field: "status", before: "dispatched", after: "closed" }],
    });
  });

  test("bears a current state that is only a word", () => {
    expect(conflictOf({ current: "revoked" }, null)).toMatchObject({ status: "revoked", changes: [], who: null });
  });
});

describe("keys", () => {
  const press = (key: string, over = {}) => keyName({ key, ctrlKey: false, altKey: false, metaKey: false, ...over });

  test("are found whatever their case", () => {
    expect(find(unitBindings, press("A"))?.id).toBe("acknowledge");
  });

  test("held with Alt or Meta belong to the system", () => {
    expect(press("1", { altKey: true })).toBeNull();
    expect(find(unitBindings, null)).toBeNull();
  });

  test("held with Ctrl are other keys", () => {
    expect(press("Enter", { ctrlKey: true })).toBe("Ctrl+Enter");
  });
});
