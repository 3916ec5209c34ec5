/**
 * What a screen text is and how its places are filled. A catalogue is a plain typed object, checked
 * by the compiler and by the tests; each page bundles only its own.
 *
 * Why no message library: the texts need named places and an English plural, nothing else, and the
 * call page has 30 kB for everything. A compile-time library would bring a project format and a
 * build step, a run-time one 10–20 kB, to replace the forty lines below.
 */
import type { Language } from "../format.ts";

export type Text = readonly [zh: string, en: string];
export type Texts = Readonly<Record<string, Text>>;
export type Places = Readonly<Record<string, string | number>>;

const plural = new Intl.PluralRules("en");

/**
 * `{name}` becomes the value; `{name:one/other}` becomes one of the two words by the value's number.
 * A place without a value stays visible, so that a mistake is seen.
 */
export function fill(text: string, places: Places): string {
  return text.replace(/\{(\w+)(?::([^/}]*)\/([^}]*))?\}/g, (whole, name: string, one?: string, other?: string) => {
    const value = places[name];
    if (value === undefined) return whole;
    if (one === undefined || other === undefined) return String(value);
    return plural.select(Number(value)) === "one" ? one : other;
  });
}

export function pick(text: Text, language: Language): string {
  return language === "en" ? text[1] : text[0];
}

/** Codes from the service that have no text yet are shown as they are, but readable. */
export function readable(code: string): string {
  return code.replaceAll(/[_.]/g, " ");
}

export interface Translator<C extends Texts> {
  (key: keyof C & string, places?: Places): string;
  /** The text of a code from the service under a prefix; the code itself if it has none. */
  code: (prefix: string, code: string | null | undefined) => string;
}

/** `spoken` is asked anew for each text: the language may change while the page stands. */
export function translatorIn<C extends Texts>(catalogue: C, spoken: () => Language): Translator<C> {
  const translate = (key: keyof C & string, places: Places = {}): string => {
    const text = catalogue[key];
    return text ? fill(pick(text, spoken()), places) : key;
  };
  const code = (prefix: string, value: string | null | undefined): string => {
    if (!value) return "";
    const text = catalogue[`${prefix}.${value}`];
    return text ? pick(text, spoken()) : readable(value);
  };
  return Object.assign(translate, { code });
}
