/** A list that outlives a reload of its tab: what was heard and what was handled must not be lost by F5. */

const most = 500;

export class Kept<T> {
  items = $state.raw<readonly T[]>([]);
  readonly #name: string;
  readonly #key: (item: T) => string;

  constructor(name: string, key: (item: T) => string) {
    this.#name = name;
    this.#key = key;
    this.items = stored<T>(name);
  }

  add(...items: readonly T[]): void {
    const known = new Set(this.items.map(this.#key));
    const fresh = items.filter((item) => !known.has(this.#key(item)));
    if (fresh.length === 0) return;
    this.items = [...this.items, ...fresh].slice(-most);
    sessionStorage.setItem(this.#name, JSON.stringify(this.items));
  }
}

function stored<T>(name: string): readonly T[] {
  try {
    const items: unknown = JSON.parse(sessionStorage.getItem(name) ?? "[]");
    return Array.isArray(items) ? (items as T[]) : [];
  } catch {
    return [];
  }
}
