/** The requests of web push; apart from the others, since the service worker makes them too. */
import type { Http } from "./http.ts";

export interface PushSubscribed {
  id: string;
  /** The push service has lost it: the browser must make another. */
  gone: boolean;
}

export interface PushTried {
  outcome: "sent" | "later" | "refused" | "gone";
  detail: string | null;
  tried_at: string;
}

export class PushApi {
  readonly http: Http;

  constructor(http: Http) {
    this.http = http;
  }

  key = async (): Promise<string> => (await this.http.get<{ public_key: string }>("/push/key")).public_key;
  subscribe = (body: unknown, key: string): Promise<PushSubscribed> =>
    this.http.post("/push/subscriptions", body, { idempotencyKey: key });
  unsubscribe = (id: string): Promise<void> => this.http.delete(`/push/subscriptions/${id}`);
  test = (id: string, key: string): Promise<PushTried> =>
    this.http.post(`/push/subscriptions/${id}/test`, {}, { idempotencyKey: key, timeoutMs: 20_000 });
  receipt = (token: string, state: "delivered" | "seen"): Promise<{ state: string }> =>
    this.http.post("/push/receipts", { token, state });
}
