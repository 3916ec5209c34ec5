/** This browser's push subscription: made when duty starts, tried on request, ended when the page is left. */
import type { Http } from "../../wire/http.ts";
import { Refusal, Unreachable } from "../../wire/http.ts";
import { PushApi, type PushSubscribed } from "../../wire/push_api.ts";
import type { Language } from "../../state/format.ts";
import { failureOf, hindranceOf, isSameKey, keyBytes, subscriptionBody, workerAddress, type PushState } from "../../state/push.ts";
import { newId } from "../identity.ts";

const leaveWithinMs = 2_000;

export interface Tried {
  outcome: "waiting" | "sent" | "later" | "refused" | "gone" | "wait" | "unreachable";
  at: string | null;
}

let current: Push | null = null;

export class Push {
  state = $state<PushState>("off");
  tried = $state.raw<Tried | null>(null);
  readonly #api: PushApi;
  #id: string | null = null;

  constructor(http: Http) {
    this.#api = new PushApi(http);
    current = this;
  }

  async subscribe(language: Language): Promise<void> {
    if (this.state === "asking") return;
    const hindrance = hindranceOf({
      secure: isSecureContext,
      able: "serviceWorker" in navigator && "PushManager" in window && "Notification" in window,
      apple: /iPhone|iPad/.test(navigator.userAgent),
      permission: "Notification" in window ? Notification.permission : null,
    });
    this.state = hindrance ?? "asking";
    if (hindrance) return;
    try {
      let made = await this.#register(language, false);
      if (made.gone) made = await this.#register(language, true);
      this.#id = made.id;
      this.state = "on";
    } catch (cause) {
      this.state = failureOf(cause instanceof Refusal ? cause.code : null, !(cause instanceof Unreachable));
    }
  }

  async #register(language: Language, anew: boolean): Promise<PushSubscribed> {
    const wanted = keyBytes(await this.#api.key());
    await navigator.serviceWorker.register(workerAddress(language), { scope: "/unit" });
    const { pushManager } = await navigator.serviceWorker.ready;
    let made = await pushManager.getSubscription();
    if (made && (anew || !isSameKey(made.options.applicationServerKey, wanted))) {
      await made.unsubscribe();
      made = null;
    }
    made ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: wanted });
    return this.#api.subscribe(subscriptionBody(made.toJSON()), newId());
  }

  async test(language: Language): Promise<void> {
    if (!this.#id) return;
    this.tried = { outcome: "waiting", at: null };
    try {
      const { outcome, tried_at } = await this.#api.test(this.#id, newId());
      this.tried = { outcome, at: tried_at };
      if (outcome === "gone") await this.subscribe(language);
    } catch (cause) {
      const busy = cause instanceof Refusal && cause.status === 429;
      this.tried = { outcome: busy ? "wait" : "unreachable", at: null };
      if (cause instanceof Refusal && cause.status === 404) await this.subscribe(language);
    }
  }

  async end(): Promise<void> {
    if (this.#id) await this.#api.unsubscribe(this.#id);
  }
}

/** Who leaves is told nothing more; a service that does not answer keeps nobody here. */
export async function endPush(): Promise<void> {
  const ended = current?.end().catch(() => undefined);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, leaveWithinMs))]);
}
