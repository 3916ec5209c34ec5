/**
 * Idempotency keys for what a person sends: the same content tried again carries the same key, so a
 * lost answer causes no second effect; changed content is a new message and gets a new key.
 */
export class RetryKeys {
  readonly #newId: () => string;
  #kept = new Map<string, { content: string; key: string }>();

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  keyFor(act: string, body: unknown): string {
    const content = JSON.stringify(body) ?? "";
    const kept = this.#kept.get(act);
    if (kept?.content === content) return kept.key;
    const key = this.#newId();
    this.#kept.set(act, { content, key });
    return key;
  }

  /** The service has answered; the next one of this kind is a new act. */
  done(act: string): void {
    this.#kept.delete(act);
  }
}
