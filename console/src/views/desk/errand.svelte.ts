/** One thing that a dialog asks of the service: the same content is the same act however often it is sent. */
import type { Refused } from "../../state/refused.ts";
import { RetryKeys } from "../../state/retry_key.ts";
import { Refusal } from "../../wire/http.ts";
import { newId } from "../identity.ts";

export class Errand {
  busy = $state(false);
  /** Why the last one was not taken; null once one was. */
  refused = $state.raw<Refused | null>(null);
  readonly #keys = new RetryKeys(newId);

  async run<T>(body: unknown, send: (key: string) => Promise<T>): Promise<T | null> {
    if (this.busy) return null;
    this.busy = true;
    this.refused = null;
    try {
      const answer = await send(this.#keys.keyFor("errand", body));
      this.#keys.done("errand");
      return answer;
    } catch (cause) {
      const refusal = cause instanceof Refusal ? cause : null;
      if (refusal && !refusal.temporary && refusal.status !== 401) this.#keys.done("errand");
      this.refused = { problem: refusal?.body ?? null };
      return null;
    } finally {
      this.busy = false;
    }
  }
}
