/**
 * Who this page is. A key in the address is taken out of it at once and kept: for the tab (a
 * workstation) or for the browser (an enrolled device). Without one, the session cookie speaks.
 */

const consoleKey = "dispatch.console";
const deviceKey = "dispatch.device";

export interface DeviceIdentity {
  id: string;
  key: string;
}

function takeFragment(): URLSearchParams {
  const params = new URLSearchParams(location.hash.slice(1));
  if (params.has("key")) history.replaceState(null, "", location.pathname + location.search);
  return params;
}

export function consoleIdentity(): string | null {
  const key = takeFragment().get("key");
  if (key) sessionStorage.setItem(consoleKey, key);
  return sessionStorage.getItem(consoleKey);
}

export function forgetConsole(): void {
  sessionStorage.removeItem(consoleKey);
}

export function deviceIdentity(): DeviceIdentity | null {
  const params = takeFragment();
  const id = params.get("device");
  const key = params.get("key");
  if (id && key) keepDevice({ id, key });
  try {
    return JSON.parse(localStorage.getItem(deviceKey) ?? "null") as DeviceIdentity | null;
  } catch {
    return null;
  }
}

export function keepDevice(identity: DeviceIdentity): void {
  localStorage.setItem(deviceKey, JSON.stringify(identity));
}

/** A new address typed or scanned into an open page carries a new identity. */
export function onNewIdentity(reload: () => void): void {
  addEventListener("hashchange", () => {
    if (new URLSearchParams(location.hash.slice(1)).has("key")) reload();
  });
}

/** RFC 9562 version 4; `crypto.randomUUID` is missing on plain-http origins other than localhost. */
export function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
