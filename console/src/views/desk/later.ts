/** What a desk needs only on request or when there is news of it: fetched right after the page stands. */
export { default as AuditDialog } from "./AuditDialog.svelte";
export { default as DrillBar } from "./DrillBar.svelte";
export { default as DrillDialog } from "./DrillDialog.svelte";
export { default as ModeDialog } from "./ModeDialog.svelte";
export { default as MoreDialog } from "./MoreDialog.svelte";
export { default as PaperDialog } from "./PaperDialog.svelte";
export { default as TestBar } from "./TestBar.svelte";
export { default as TestDialog } from "./TestDialog.svelte";
