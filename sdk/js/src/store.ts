/** What must outlive a page: in localStorage, or in memory where the browser gives none. */

/** Texts by key. A text that the browser does not take is kept until the page ends. */
export class Store {
  private readonly _kept = new Map<string, string>();

  constructor(
    private readonly _prefix: string,
    private readonly _storage = findStorage(),
  ) {}

  get(key: string): string | undefined {
    return this._kept.get(key) ?? this._storage?.getItem(this._prefix + key) ?? undefined;
  }

  /** Keep a text; false if it will not outlive the page. */
  set(key: string, text: string): boolean {
    try {
      if (this._storage) {
        this._storage.setItem(this._prefix + key, text);
        this._kept.delete(key);
        return true;
      }
    } catch {
      // The place is full, or the visitor took it away.
    }
    this._kept.set(key, text);
    return !this._storage;
  }

  remove(key: string): void {
    this._kept.delete(key);
    this._storage?.removeItem(this._prefix + key);
  }

  /** Give the keys that begin like this, in order. */
  keys(start: string): string[] {
    const found = new Set([...this._kept.keys()].filter((key) => key.startsWith(start)));
    const whole = this._prefix + start;
    for (let place = this._storage?.length ?? 0; place--; ) {
      const key = this._storage?.key(place);
      if (key?.startsWith(whole)) {
        found.add(key.slice(this._prefix.length));
      }
    }
    return [...found].sort();
  }

  /** Say whether a key of the browser's own storage is this one. */
  means(stored: string | null, key: string): boolean {
    return stored === this._prefix + key;
  }
}

function findStorage(): Storage | undefined {
  try {
    const storage = globalThis.localStorage;
    const probe = "mien:probe";
    storage.setItem(probe, probe);
    storage.removeItem(probe);
    return storage;
  } catch {
    return undefined;
  }
}

/** Make an id that nobody else has. */
export function newId(bytes = 16): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
