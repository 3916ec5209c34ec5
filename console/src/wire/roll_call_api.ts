/** The one request of a test of communication; apart from the others for the sake of the pages' weight. */
import type { Http } from "./http.ts";

export const answerRollCall = (http: Http, id: string, state: "delivered" | "answered"): Promise<unknown> =>
  http.post(`/communication-tests/${id}/answer`, { state }, { idempotencyKey: `${id}:${state}` });
