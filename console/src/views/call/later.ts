/**
 * What the call page needs only after a press or on request. It is fetched right after the button
 * stands, so that the button itself waits for as little as possible.
 */
export { callLater } from "../../state/messages/call_later.ts";
export { default as KeyHelp } from "../parts/KeyHelp.svelte";
export { Siren } from "../siren.svelte.ts";
export { default as Called } from "./Called.svelte";
export { default as Ending } from "./Ending.svelte";
export { default as FalseAlarm } from "./FalseAlarm.svelte";
export { default as Held } from "./Held.svelte";
export { default as Received } from "./Received.svelte";
