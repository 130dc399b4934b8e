/** What a page calls. */

import { Outbox, parse } from "./outbox";
import { deviceFacts, type Session, sessionAt } from "./session";
import { newId, Store } from "./store";
import type {
  Identified,
  Options,
  OwnProfile,
  Problem,
  Properties,
  WireRecord,
  WireResult,
} from "./types";

const STATE = "s";
const USERS = 20;

/**
 * What a browser remembers: `o` is its device, `u` who uses it, `c` who that is for the server,
 * `d` the devices of others who used it before, `x` whether it was opted out, `n` whether the
 * server knows the device, `s` the visit.
 */
interface State {
  o: string;
  u?: string;
  c?: string;
  d?: Record<string, string>;
  x?: boolean;
  n?: boolean;
  s?: Session;
}

/** The client of one environment in one browser; tabs share what it remembers. */
export class Client {
  /** Names of the original: `profile.push` sets properties, `profile.get` reads one's own. */
  readonly profile = {
    push: (properties: Properties): void => this.set(site(properties)),
    get: (): Promise<OwnProfile> => this._ownProfile(),
  };

  /** Names of the original: `event.push` tracks. */
  readonly event = {
    push: (name: string, properties?: Properties): void => this.track(name, properties),
  };

  /** Settles once what earlier visits left was sent, or has to wait. */
  readonly ready: Promise<boolean>;

  private readonly _store: Store;
  private readonly _outbox: Outbox;
  private readonly _callbacks = new Set<(identified: Identified) => void>();
  private _identityToken: string | undefined;
  private _told = "";

  constructor(private readonly _options: Options) {
    this._store = new Store(`mien:${_options.account}:`);
    this._outbox = new Outbox(_options, this._store, {
      device: () => deviceFacts(_options.appVersion),
      answered: (objectId, record, result) => this._answered(objectId, record, result),
      problem: (problem) => this._problem(problem),
    });
    this._listen();
    this.ready = this._outbox.flush();
  }

  /** Change options, such as the profile token once somebody has logged in. */
  configure(options: Partial<Options>): void {
    Object.assign(this._options, options);
  }

  /** The id of this browser for the person who uses it. */
  get objectId(): string {
    return this._state().o;
  }

  /** Who uses this browser, as the page said it; undefined for a visitor. */
  get distinctId(): string | undefined {
    return this._state().u;
  }

  /** Is nothing taken, because the visitor said so? */
  get isOptedOut(): boolean {
    return this._state().x === true;
  }

  /**
   * Say who uses this browser. What a visitor did before becomes theirs on their first login;
   * of another person each keeps a device of their own, so that nothing mixes.
   *
   * `identityToken` is what your server signed, where the environment requires that.
   */
  identify(
    distinctId: string,
    properties: Properties = {},
    options: { identityToken?: string } = {},
  ): void {
    const id = String(distinctId ?? "").trim();
    if (!id) {
      this._problem({ kind: "invalid", reason: "identify needs the id of a person" });
      return;
    }
    const state = this._state();
    if (state.x) {
      return;
    }
    if (state.u !== undefined && state.u !== id) {
      this._changeUser(state, state.d?.[id]);
    }
    if (state.u !== id) {
      state.u = id;
      delete state.c;
      this._save(state);
    }
    this._identityToken = options.identityToken ?? this._identityToken;
    this._put({ type: "profile", distinct_id: id, properties });
    void this._outbox.flush();
  }

  /** The same by the name of the original: the id is the property `Identity`. */
  onUserLogin(profile: Properties, options: { identityToken?: string } = {}): void {
    const { Identity, identity, ...properties } = site(profile);
    this.identify(String(Identity ?? identity ?? ""), properties, options);
  }

  /** Set properties of the person or visitor. */
  set(properties: Properties): void {
    this._put({ type: "profile", properties });
  }

  /** Say that something happened. */
  track(name: string, properties: Properties = {}): void {
    this._put({ type: "event", name, properties });
  }

  /** Add values to a list, each once. */
  add(name: string, values: string | string[]): void {
    this.set({ [name]: { $add: values } });
  }

  /** Take values out of a list. */
  remove(name: string, values: string | string[]): void {
    this.set({ [name]: { $remove: values } });
  }

  /** Count up, or down by a negative number; what is not there counts as 0. */
  increment(name: string, by = 1): void {
    this.set({ [name]: by < 0 ? { $decr: -by } : { $incr: by } });
  }

  /** Take a property away. */
  unset(name: string): void {
    this.set({ [name]: { $delete: true } });
  }

  /** The person logs out: whoever comes next is a visitor, on a device that nobody knows. */
  reset(): void {
    const state = this._state();
    this._changeUser(state, undefined);
    delete state.u;
    delete state.c;
    this._save(state);
  }

  /** Take nothing from now on; what was not sent is forgotten. */
  optOut(): void {
    const state = this._state();
    if (state.x) {
      return;
    }
    this._outbox.clear();
    if (state.n) {
      this.set({ ct_optout: true });
      void this._outbox.flush();
    }
    this._save({ ...state, x: true });
  }

  /** Take what happens again. */
  optIn(): void {
    const state = this._state();
    this._save({ ...state, x: false });
    if (state.n && state.x) {
      this.set({ ct_optout: false });
    }
  }

  /**
   * Call back once the server has accepted who uses this browser: at once if it has, and again
   * when that changes, in whichever tab. Gives what stops it.
   */
  onIdentified(callback: (identified: Identified) => void): () => void {
    this._callbacks.add(callback);
    const known = this._identified();
    if (known) {
      this._told = told(known);
      callback(known);
    }
    return () => {
      this._callbacks.delete(callback);
    };
  }

  /** Send what waits; true once the server has it all, false if it has to be tried again. */
  flush(): Promise<boolean> {
    return this._outbox.flush();
  }

  /** Read the properties of one's own profile. Needs a profile token; rejects with an Error. */
  async properties(): Promise<Properties> {
    return (await this._ownProfile()).properties;
  }

  private async _ownProfile(): Promise<OwnProfile> {
    const { account, host, profileToken } = this._options;
    const token = typeof profileToken === "function" ? await profileToken() : profileToken;
    if (!token) {
      throw new Error("mien: properties() needs a profileToken");
    }
    const response = await fetch(`${host}/sdk/v1/profile?account=${encodeURIComponent(account)}`, {
      headers: { Authorization: `Bearer ${token}` },
      credentials: "omit",
    });
    const answer = parse<OwnProfile & { detail?: string }>(await response.text());
    if (!response.ok || !answer) {
      throw new Error(`mien: ${answer?.detail ?? `the server answered ${response.status}`}`);
    }
    return answer;
  }

  private _put(record: Omit<WireRecord, "at" | "session">): void {
    const state = this._state();
    if (state.x) {
      return;
    }
    const now = Date.now();
    state.s = sessionAt(now, state.s);
    this._save(state);
    try {
      const properties = rendered(record.properties) as Properties;
      const at = Math.floor(now / 1_000);
      const whole = { ...record, properties, at, session: state.s.p };
      this._outbox.put({ o: state.o, k: this._identityToken, r: whole });
    } catch (error) {
      this._problem({ kind: "invalid", reason: String(error), record });
    }
  }

  private _answered(objectId: string, record: WireRecord, result: WireResult): void {
    if (result.status === "rejected") {
      const { code, reason = "" } = result;
      this._problem({ kind: "rejected", reason, ...(code && { code }), record });
      return;
    }
    const state = this._state();
    if (objectId !== state.o) {
      return;
    }
    if (result.opted_out) {
      // On another device of the same person; what they chose there holds here too.
      this._save({ ...state, x: true, n: true });
      return;
    }
    const isLogin = record.distinct_id !== undefined && record.distinct_id === state.u;
    if (!state.n || isLogin) {
      state.n = true;
      if (isLogin) {
        state.c = record.distinct_id as string;
      }
      this._save(state);
    }
    if (isLogin) {
      this._tell();
    }
  }

  private _identified(): Identified | undefined {
    const { o, u, c } = this._state();
    return u !== undefined && u === c ? { distinctId: u, objectId: o } : undefined;
  }

  private _tell(): void {
    const known = this._identified();
    if (known && told(known) !== this._told) {
      this._told = told(known);
      for (const callback of this._callbacks) {
        callback(known);
      }
    }
  }

  /** Take another device, and remember whose the present one is. */
  private _changeUser(state: State, device: string | undefined): void {
    if (state.u !== undefined) {
      const { [state.u]: _, ...others } = state.d ?? {};
      const kept = Object.entries(others).slice(1 - USERS);
      state.d = Object.fromEntries([...kept, [state.u, state.o]]);
    }
    state.o = device ?? newId();
    delete state.n;
    delete state.s;
    this._identityToken = undefined;
  }

  /** Read what the browser remembers anew: another tab may have changed it. */
  private _state(): State {
    const known = parse<State>(this._store.get(STATE));
    if (known?.o) {
      return known;
    }
    const made: State = { o: newId(), ...(this._options.optedOut && { x: true }) };
    this._save(made);
    return made;
  }

  private _save(state: State): void {
    this._store.set(STATE, JSON.stringify(state));
  }

  private _problem(problem: Problem): void {
    const { onProblem } = this._options;
    if (onProblem) {
      onProblem(problem);
    } else {
      console.warn("mien:", problem.reason, problem);
    }
  }

  private _listen(): void {
    const listen = globalThis.addEventListener?.bind(globalThis);
    listen?.("pagehide", () => this._outbox.leave());
    listen?.("online", () => this._outbox.wake());
    listen?.("storage", (event) => {
      if (this._store.means(event.key, STATE)) {
        this._tell();
      }
    });
    globalThis.document?.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") {
        this._outbox.leave();
      } else {
        void this._outbox.flush();
      }
    });
  }
}

function told(known: Identified): string {
  return `${known.objectId} ${known.distinctId}`;
}

/** The original wraps properties of a person in `Site`. */
function site(properties: Properties): Properties {
  const inner = properties?.["Site"];
  return inner && typeof inner === "object" ? (inner as Properties) : properties;
}

/** Give a value as the wire has it: a `Date` is `$D_` and seconds since 1970. */
function rendered(value: unknown): unknown {
  if (value instanceof Date) {
    return `$D_${Math.floor(value.getTime() / 1_000)}`;
  }
  if (Array.isArray(value)) {
    return value.map(rendered);
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rendered(inner)]));
  }
  return value;
}
