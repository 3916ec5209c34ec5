/** The language of the screen: chosen by the browser, kept once switched, told to assistive technology. */
import { translatorIn, type Texts, type Translator } from "../state/messages/catalogue.ts";
import type { Language } from "../state/format.ts";

const storageKey = "dispatch.language";

function preferred(): Language {
  const stored = localStorage.getItem(storageKey);
  if (stored === "zh-CN" || stored === "en") return stored;
  const first = navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag));
  return first && /^en/i.test(first) ? "en" : "zh-CN";
}

class LanguageChoice {
  current = $state<Language>(preferred());

  constructor() {
    document.documentElement.lang = this.current;
  }

  toggle(): void {
    this.current = this.current === "en" ? "zh-CN" : "en";
    localStorage.setItem(storageKey, this.current);
    document.documentElement.lang = this.current;
  }
}

export const language = new LanguageChoice();

export function translator<C extends Texts>(catalogue: C): Translator<C> {
  return translatorIn(catalogue, () => language.current);
}
