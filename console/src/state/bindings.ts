/**
 * Every key of every page, in one table: the F1 overlay and the documents print it, the dispatcher
 * obeys it. Never Ctrl+N/T/W, F5, F11, F12 or Alt+digit: the browser takes them.
 */
export interface Binding {
  readonly id: string;
  /** Names as in `KeyboardEvent.key`, with `Ctrl+` before it where it is held. */
  readonly keys: readonly string[];
  /** Works while the cursor stands in a text field. */
  readonly inFields?: boolean;
  /** How the overlay writes the keys, where the names alone would not be understood. */
  readonly shown?: string;
}

export const callBindings = [
  { id: "call", keys: [" ", "Enter", "F9"], shown: "Space Enter F9" },
  { id: "choice", keys: ["1", "2", "3", "4", "5", "6"], shown: "1–6" },
  { id: "phone", keys: ["c"] },
  { id: "false", keys: ["Escape"], shown: "Esc Esc" },
  { id: "test", keys: ["t"] },
  { id: "help", keys: ["F1"], inFields: true },
] as const satisfies readonly Binding[];

export const unitBindings = [
  { id: "acknowledge", keys: ["a"] },
  { id: "decline", keys: ["d"] },
  { id: "depart", keys: ["e"] },
  { id: "arrive", keys: ["s"] },
  { id: "feedback", keys: ["f"] },
  { id: "complete", keys: ["x"] },
  { id: "mute", keys: [" "], shown: "Space" },
  { id: "next", keys: ["ArrowUp", "ArrowDown"], shown: "↑ ↓" },
  { id: "help", keys: ["F1"], inFields: true },
] as const satisfies readonly Binding[];

export const deskBindings = [
  { id: "queue", keys: ["F2"], inFields: true },
  { id: "detail", keys: ["F4"], inFields: true },
  { id: "new", keys: ["F7"], inFields: true },
  { id: "more", keys: ["F8"], inFields: true },
  { id: "handled", keys: ["F9"], inFields: true },
  { id: "submit", keys: ["Ctrl+Enter"], inFields: true },
  { id: "move", keys: ["ArrowUp", "ArrowDown", "j", "k", "Home", "End"], shown: "↑ ↓ j k Home End" },
  { id: "open", keys: ["Enter"] },
  { id: "release", keys: [" "], shown: "Space" },
  { id: "dispatch", keys: ["d"] },
  { id: "note", keys: ["m"] },
  { id: "priority", keys: ["p"] },
  { id: "relocate", keys: ["l"] },
  { id: "close", keys: ["x"] },
  { id: "merge", keys: ["g"] },
  { id: "silence", keys: ["Pause"], inFields: true },
  { id: "help", keys: ["F1"], inFields: true },
] as const satisfies readonly Binding[];

/** The key of an event as the table writes it. */
export function keyName(event: { key: string; ctrlKey: boolean; altKey: boolean; metaKey: boolean }): string | null {
  if (event.altKey || event.metaKey) return null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey ? `Ctrl+${key}` : key;
}

export function find<B extends Binding>(bindings: readonly B[], name: string | null): B | null {
  return bindings.find((binding) => name !== null && binding.keys.includes(name)) ?? null;
}

export const isLetter = (name: string): boolean => /^[a-z]$/.test(name);
