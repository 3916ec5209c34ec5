/** The language of the screen: chosen by the browser, kept once switched, told to assistive technology. */
import { fill, pick, readable, type Places, type Texts } from "../state/messages/catalogue.ts";
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

export interface Translator<C extends Texts> {
  (key: keyof C & string, places?: Places): string;
  /** The text of a code from the service under a prefix; the code itself if it has none. */
  code: (prefix: string, code: string | null | undefined) => string;
}

export function translator<C extends Texts>(catalogue: C): Translator<C> {
  const translate = (key: keyof C & string, places: Places = {}): string => {
    const text = catalogue[key];
    return text ? fill(pick(text, language.current), places) : key;
  };
  const code = (prefix: string, value: string | null | undefined): string => {
    if (!value) return "";
    const text = catalogue[`${prefix}.${value}`];
    return text ? pick(text, language.current) : readable(value);
  };
  return Object.assign(translate, { code });
}
