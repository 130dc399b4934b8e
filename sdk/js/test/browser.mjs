// A small browser for tests: tabs that share storage and locks, a clock that is moved by hand, and
// a server that answers from memory. Each tab runs the script that pages load, in a world of its own.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import vm from "node:vm";

const SCRIPT = new vm.Script(readFileSync(new URL("../dist/mien.js", import.meta.url), "utf8"));
const START = Date.UTC(2026, 10, 24, 12);
const settled = () => new Promise((go) => setImmediate(go));

/** Waits for what runs by itself. */
async function rest() {
  for (let turn = 0; turn < 20; turn++) await settled();
}

class Clock {
  now = START;
  #timers = new Map();
  #count = 0;

  set = (work, ms = 0) => {
    this.#timers.set(++this.#count, { at: this.now + ms, work });
    return this.#count;
  };
  clear = (id) => this.#timers.delete(id);

  async move(ms) {
    const end = this.now + ms;
    for (;;) {
      await rest();
      const [next] = [...this.#timers].filter(([, it]) => it.at <= end).sort((a, b) => a[1].at - b[1].at);
      if (!next) break;
      this.#timers.delete(next[0]);
      this.now = Math.max(this.now, next[1].at);
      next[1].work();
    }
    this.now = end;
    await rest();
  }
}

/** localStorage with a limit of characters. */
class MemoryStorage {
  #items = new Map();
  room = Infinity;

  get length() {
    return this.#items.size;
  }
  key(place) {
    return [...this.#items.keys()][place] ?? null;
  }
  getItem(key) {
    return this.#items.get(key) ?? null;
  }
  setItem(key, text) {
    const others = [...this.#items].filter(([name]) => name !== key);
    const used = others.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    if (used + key.length + text.length > this.room) throw new Error("QuotaExceededError");
    this.#items.set(key, String(text));
  }
  removeItem(key) {
    this.#items.delete(key);
  }
}

class Locks {
  #tails = new Map();

  request(name, work) {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const mine = before.then(() => work({ name }));
    this.#tails.set(name, mine.then(() => {}, () => {}));
    return mine;
  }
}

/** Answers as `/sdk/v1/batch` does; `replies` are taken first, one a request. */
export class Server {
  seen = [];
  applied = [];
  replies = [];
  #answers = new Map();

  /** The records that were applied, in order, with the device that they are of. */
  get records() {
    return this.applied.flatMap((body) => body.records.map((each) => ({ ...each, object_id: body.object_id })));
  }

  async fetch(url, request = {}) {
    const reply = this.replies.shift();
    this.seen.push({ url: new URL(url), ...request });
    if (reply instanceof Error) throw reply;
    if (typeof reply === "function") return answer(await reply(request));
    if (reply) return answer(reply);
    return answer({ body: this.apply(request.body) });
  }

  apply(text) {
    const body = JSON.parse(text);
    const known = this.#answers.get(body.idempotency_key);
    if (known) return known;
    this.applied.push(body);
    const results = body.records.map((record, place) =>
      record.name === "Bad"
        ? { position: place + 1, status: "rejected", code: 512, reason: "it is bad" }
        : { position: place + 1, status: "accepted" },
    );
    const made = { status: "success", processed: results.length, results };
    this.#answers.set(body.idempotency_key, made);
    return made;
  }
}

function answer({ status = 200, body = {}, headers = {} }) {
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: new Headers(headers),
    text: async () => (typeof body === "string" ? body : JSON.stringify(body)),
  };
}

export class Browser {
  clock = new Clock();
  storage = new MemoryStorage();
  server = new Server();
  isOnline = true;
  #locks = new Locks();
  #pages = [];

  constructor({ locks = true, storage = true, keepalive = true } = {}) {
    this.has = { locks, storage, keepalive };
  }

  /** Open a tab and run the script in it. */
  open({ url = "https://shop.example/", referrer = "", attributes = {} } = {}) {
    const page = new Page(this, { url, referrer, attributes }, this.has.locks ? this.#locks : undefined);
    this.#pages.push(page);
    return page;
  }

  /** Tell the other tabs that one has written into the storage. */
  tellOthers(writer, key) {
    for (const page of this.#pages) if (page !== writer && page.isOpen) page.fire("storage", { key });
  }
}

class Page {
  beacons = [];
  problems = [];
  isOpen = true;
  #listeners = [];

  constructor(browser, { url, referrer, attributes }, locks) {
    this.browser = browser;
    const { clock, server, storage } = browser;
    const page = this;
    const listen = (name, work) => this.#listeners.push([name, work]);
    this.document = {
      referrer,
      visibilityState: "visible",
      addEventListener: listen,
      currentScript: { src: "https://mien.example/sdk/mien.js?v=1", dataset: attributes },
    };
    const shared = {
      get length() { return storage.length; },
      key: (place) => storage.key(place),
      getItem: (key) => storage.getItem(key),
      setItem(key, text) { storage.setItem(key, text); browser.tellOthers(page, key); },
      removeItem: (key) => storage.removeItem(key),
    };
    const world = {
      console, crypto: webcrypto, TextEncoder, AbortController, URLSearchParams,
      document: this.document,
      location: new URL(url),
      navigator: {
        language: "pt-BR",
        get onLine() { return browser.isOnline; },
        locks,
        sendBeacon: (to, body) => { this.beacons.push({ url: new URL(to), body }); return true; },
      },
      fetch: (to, request) => (this.isOpen ? server.fetch(to, request) : new Promise(() => {})),
      Request: browser.has.keepalive ? class { get keepalive() { return true; } } : class {},
      setTimeout: (work, ms) => clock.set(() => this.isOpen && work(), ms),
      clearTimeout: clock.clear,
      addEventListener: listen,
    };
    if (browser.has.storage) world.localStorage = shared;
    else Object.defineProperty(world, "localStorage", { get() { throw new Error("SecurityError"); } });
    world.globalThis = world;
    this.world = vm.createContext(world);
    vm.runInContext(
      "{ const Real = Date; globalThis.Date = class extends Real { constructor(...g) { super(...(g.length ? g : [now()])); } static now() { return now(); } static UTC(...g) { return Real.UTC(...g); } } }",
      Object.assign(this.world, { now: () => clock.now }),
    );
    SCRIPT.runInContext(this.world);
  }

  /** Start the client. */
  init(options = {}) {
    const onProblem = (problem) => this.problems.push(problem);
    return this.world.Mien.init({ account: "ABC-DEF-1234", onProblem, ...options });
  }

  fire(name, event = {}) {
    for (const [known, work] of this.#listeners) if (known === name) work(event);
  }

  hide() {
    this.document.visibilityState = "hidden";
    this.fire("visibilitychange");
  }

  /** Leave: the page sends what it still can, and is gone. */
  close() {
    this.hide();
    this.fire("pagehide");
    this.isOpen = false;
  }

  /** Be gone at once, as when the power fails. */
  crash() {
    this.isOpen = false;
  }
}
