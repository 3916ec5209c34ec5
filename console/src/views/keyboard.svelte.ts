/**
 * The page's one key listener. Regions lie on a stack and the topmost that knows the key owns it, so
 * that one key never does two things; an open dialog keeps the keys of the page beneath from acting.
 */
import { find, isLetter, keyName, type Binding } from "../state/bindings.ts";

export type Handlers = Partial<Record<string, (event: KeyboardEvent) => void>>;

interface Region {
  bindings: readonly Binding[];
  handlers: Handlers;
  when: () => boolean;
}

const lettersKey = "dispatch.letters";

class Keyboard {
  letters = $state(localStorage.getItem(lettersKey) !== "off");
  #regions: Region[] = [];

  setLetters(on: boolean): void {
    this.letters = on;
    localStorage.setItem(lettersKey, on ? "on" : "off");
  }

  /** Returns how to take the region off the stack again; `when` says whether it has the keys now. */
  push(bindings: readonly Binding[], handlers: Handlers, when: () => boolean = () => true): () => void {
    const region = { bindings, handlers, when };
    if (this.#regions.length === 0) document.addEventListener("keydown", this.#press);
    this.#regions.push(region);
    return () => {
      this.#regions = this.#regions.filter((one) => one !== region);
      if (this.#regions.length === 0) document.removeEventListener("keydown", this.#press);
    };
  }

  readonly #press = (event: KeyboardEvent): void => {
    // A Chinese input method uses Enter and the digits to compose; those are not ours.
    if (event.isComposing || event.keyCode === 229 || event.repeat || event.defaultPrevented) return;
    const name = keyName(event);
    const inField = isField(event.target);
    const inDialog = event.target instanceof Element && event.target.closest("dialog[open]") !== null;
    for (const region of this.#regions.toReversed()) {
      const binding = find(region.bindings, name);
      const handler = binding && region.handlers[binding.id];
      if (!binding || !handler || name === null || !region.when()) continue;
      if ((inField || inDialog) && !binding.inFields) return;
      if (isLetter(name) && !this.letters) return;
      if ((name === "Enter" || name === " ") && isControl(event.target)) return;
      event.preventDefault();
      handler(event);
      return;
    }
  };
}

export const keyboard = new Keyboard();

function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Enter and Space press the control that has the focus, as everywhere but on the call button. */
function isControl(target: EventTarget | null): boolean {
  const control = target instanceof Element ? target.closest("button, a[href], summary, [role=option]") : null;
  return control !== null && !control.hasAttribute("data-own-keys");
}
