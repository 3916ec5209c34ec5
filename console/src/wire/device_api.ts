/** The requests of a one-key device; apart from the others for the sake of the call page's weight. */
import type { Http } from "./http.ts";
import type { CallAnswer, Catalogue, DeviceStatus, Press } from "./types.ts";

export class DeviceApi {
  readonly http: Http;

  constructor(http: Http) {
    this.http = http;
  }

  catalogue = (): Promise<Catalogue> => this.http.get("/catalogue");
  deviceStatus = (id: string): Promise<DeviceStatus> => this.http.get(`/devices/${id}/status`);
  press = (id: string, press: Press): Promise<CallAnswer> =>
    this.http.post(`/devices/${id}/press`, press, { idempotencyKey: press.press_id, timeoutMs: 6_000 });
  cancelPress = (id: string, reason: string, key: string): Promise<unknown> =>
    this.http.post(`/devices/${id}/cancel`, { reason }, { idempotencyKey: key });
  checkIn = (id: string, battery: number | null): Promise<unknown> =>
    this.http.post(`/devices/${id}/check-in`, battery === null ? {} : { battery_percent: battery });
}
