/** What a unit's page needs only on request: fetched right after it stands, so that a task waits for as little as possible. */
export { unitLater as texts } from "../../state/messages/unit_later.ts";
export { default as KeyHelp } from "../parts/KeyHelp.svelte";
export { default as RollCall } from "../parts/RollCall.svelte";
export { default as Watermark } from "../parts/Watermark.svelte";
export { default as Decline } from "./Decline.svelte";
export { default as Feedback } from "./Feedback.svelte";
export { default as PushMark } from "./PushMark.svelte";
export { endPush } from "./push.svelte.ts";
export { default as Notices } from "./Notices.svelte";
export { default as Unread } from "./Unread.svelte";
export { default as Situation } from "./Situation.svelte";
