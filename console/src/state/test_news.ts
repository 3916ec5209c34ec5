/** The last that a desk heard of a test of communication: that it runs, then that it is over. */
import type { EventFrame } from "../wire/frames.ts";

export interface TestNews {
  id: string;
  name: string;
  over: boolean;
}

export function testNewsIn({ event, facts }: EventFrame): TestNews | null {
  if (event !== "test.called" && event !== "test.ended") return null;
  const { test_id: id, name } = facts ?? {};
  return typeof id === "string" && typeof name === "string" ? { id, name, over: event === "test.ended" } : null;
}
