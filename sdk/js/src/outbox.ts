/**
 * The queue of records, and how it is sent.
 *
 * A record waits under a key of its own, so that tabs do not overwrite each other. To be sent,
 * records become a batch: a body with an idempotency key, which stays as it is until the server
 * has answered. So a batch may be sent as often as it takes, by a page that leaves and by the
 * next one that comes: it is applied once. Nobody hears the answer to what a page sent as it
 * left; when the next one comes only after the server has forgotten the key, that batch is
 * let go, since it has most likely arrived.
 */

import { exclusively } from "./lock";
import { newId, type Store } from "./store";
import type { Entry, Options, Problem, Properties, WireRecord, WireResult } from "./types";

const RECORD = "q";
const BATCH = "b";
const LEFT = "t";
const NOT_BEFORE = "w";

const RECORDS = 100;
const BATCH_BYTES = 60_000; // browsers let go of larger ones when a page leaves
const RECORD_BYTES = 200_000;
const ORPHAN_MS = 30_000;
const TIMEOUT_MS = 25_000;
const REMEMBERED_MS = 23 * 3_600_000; // the server knows an idempotency key for a day
const LONGEST_PAUSE_SECONDS = 300;
const PASSING = [408, 425, 429];

/** What the outbox tells its owner. */
export interface Listener {
  device(): Properties;
  answered(objectId: string, record: WireRecord, result: WireResult): void;
  problem(problem: Problem): void;
}

export class Outbox {
  private readonly _tab = newId(4);
  private readonly _flying = new Set<string>();
  private readonly _lock: string;
  private _last = 0;
  private _count = 0;
  private _failures = 0;
  private _restsUntil = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _due = Infinity;
  private _work: Promise<boolean> | undefined;
  private _again = false;

  constructor(
    private readonly _options: Options,
    private readonly _store: Store,
    private readonly _listener: Listener,
  ) {
    this._lock = `mien:${_options.account}`;
  }

  /** Let a record wait; it is sent soon, together with others. */
  put(entry: Entry): void {
    const text = JSON.stringify(entry);
    if (bytes(text) > RECORD_BYTES) {
      this._listener.problem({
        kind: "invalid",
        reason: `A record has more than ${RECORD_BYTES} bytes`,
        record: entry.r,
      });
      return;
    }
    const { queueSize = 1_000, flushSeconds = 1 } = this._options;
    const waiting = this._store.keys(RECORD);
    let dropped = this._drop(waiting, waiting.length - queueSize + 1);
    const key = this._newKey(RECORD);
    while (!this._store.set(key, text) && dropped < waiting.length) {
      dropped += this._drop(waiting.slice(dropped), 1);
    }
    if (dropped) {
      const reason = "The queue was full; its oldest records were let go";
      this._listener.problem({ kind: "dropped", reason, count: dropped });
    }
    this._later(flushSeconds * 1_000);
  }

  /** Send what waits; true once nothing does, false if it has to be tried again. */
  flush(): Promise<boolean> {
    this._again = true;
    this._work ??= this._sendAll().finally(() => {
      this._work = undefined;
    });
    return this._work;
  }

  /** The network is back: what failed for the lack of it is tried at once. */
  wake(): void {
    this._restsUntil = 0;
    void this.flush();
  }

  /** The page may go away now: send what this tab has, without waiting for an answer. */
  leave(): void {
    while (this._cut(false)) {
      // All of it becomes batches, which whoever comes next can send again.
    }
    if (globalThis.navigator?.onLine === false) {
      return;
    }
    let room = BATCH_BYTES;
    for (const key of this._batches()) {
      const body = this._store.get(key) ?? "";
      room -= bytes(body);
      if (this._flying.has(key)) {
        continue;
      }
      if (room < 0) {
        break;
      }
      const isFirst = !this._store.get(LEFT + key);
      if (isFirst) {
        this._store.set(LEFT + key, String(Date.now()));
      }
      if ("keepalive" in Request.prototype) {
        void this._deliver(key).then((isSettled) => {
          if (!isSettled && isFirst) {
            this._store.remove(LEFT + key); // the page is still there, and heard that it failed
          }
        });
      } else {
        globalThis.navigator?.sendBeacon?.(this._url(), body);
      }
    }
  }

  /** Forget all that was not sent. */
  clear(): void {
    for (const start of [RECORD, BATCH, LEFT]) {
      this._store.keys(start).forEach((key) => this._store.remove(key));
    }
  }

  /** Give the batches that wait, but for those of which nobody can say any more what became. */
  private _batches(): string[] {
    return this._store.keys(BATCH).filter((key) => {
      const at = Number(this._store.get(LEFT + key)) || Infinity;
      if (Date.now() - at < REMEMBERED_MS) {
        return true;
      }
      const batch = parse<{ records: unknown[] }>(this._store.get(key));
      this._remove(key);
      this._listener.problem({
        kind: "dropped",
        reason: "They were sent as a page was left, too long ago to ask what became of them",
        count: batch?.records.length ?? 0,
      });
      return false;
    });
  }

  private _remove(key: string): void {
    this._store.remove(key);
    this._store.remove(LEFT + key);
  }

  private _drop(keys: string[], count: number): number {
    const oldest = keys.slice(0, Math.max(0, count));
    for (const key of oldest) {
      this._store.remove(key);
    }
    return oldest.length;
  }

  private _newKey(kind: string): string {
    this._last = Math.max(this._last, Date.now());
    const count = (this._count++ % 46_656).toString(36).padStart(3, "0");
    return kind + this._last.toString(36).padStart(9, "0") + count + this._tab;
  }

  private async _sendAll(): Promise<boolean> {
    let isDone = true;
    while (this._again && isDone) {
      this._again = false;
      isDone = await exclusively(this._lock, this._store, this._tab, () => this._drain());
    }
    if (!isDone) {
      this._later(Math.max(1_000, this._notBefore() - Date.now()));
    }
    return isDone;
  }

  private async _drain(): Promise<boolean> {
    for (;;) {
      if (this._notBefore() > Date.now()) {
        return false;
      }
      const key = this._batches().find((each) => !this._flying.has(each));
      if (key) {
        if (!(await this._deliver(key))) {
          return false;
        }
      } else if (!this._cut(true)) {
        return true;
      }
    }
  }

  /** Make a batch of the oldest records that are of one device; false if there are none. */
  private _cut(withOrphans: boolean): boolean {
    const orphans = Date.now() - ORPHAN_MS;
    const keys = this._store
      .keys(RECORD)
      // Those of another tab are left to it, unless it is gone.
      .filter(
        (key) =>
          key.endsWith(this._tab) || (withOrphans && Number.parseInt(key.slice(1, 10), 36) < orphans),
      );
    const taken: string[] = [];
    const records: WireRecord[] = [];
    let first: Entry | undefined;
    let size = 0;
    for (const key of keys) {
      const text = this._store.get(key) ?? "";
      const entry = parse<Entry>(text);
      if (!entry?.r) {
        this._store.remove(key); // another tab was first, or somebody wrote into it
        continue;
      }
      size += bytes(text);
      const fits = records.length < RECORDS && size < BATCH_BYTES;
      first ??= entry;
      if (records.length && !(fits && entry.o === first.o && entry.k === first.k)) {
        break;
      }
      taken.push(key);
      records.push(entry.r);
    }
    if (!first) {
      return false;
    }
    const body = JSON.stringify({
      object_id: first.o,
      identity_token: first.k,
      idempotency_key: newId(),
      device: this._listener.device(),
      locate: this._options.locate,
      records,
    });
    this._store.set(this._newKey(BATCH), body);
    for (const key of taken) {
      this._store.remove(key);
    }
    return true;
  }

  /** Send a batch; true if it is settled, false if it has to be sent again. */
  private async _deliver(key: string): Promise<boolean> {
    const body = this._store.get(key) ?? "";
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    this._flying.add(key);
    try {
      const response = await fetch(this._url(), {
        method: "POST",
        // A type that browsers send to other sites without asking first.
        headers: { "Content-Type": "text/plain;charset=UTF-8" },
        body,
        credentials: "omit",
        keepalive: bytes(body) < BATCH_BYTES,
        signal: abort.signal,
      });
      const answer = parse<Properties>(await response.text()) ?? {};
      return this._settle(key, body, response, answer);
    } catch {
      return this._fail(0);
    } finally {
      clearTimeout(timer);
      this._flying.delete(key);
    }
  }

  private _settle(key: string, body: string, response: Response, answer: Properties): boolean {
    const { status } = response;
    const batch = parse<{ object_id: string; records: WireRecord[] }>(body);
    const results = answer["results"] as WireResult[] | undefined;
    const isPassing =
      status >= 500 || PASSING.includes(status) || answer["code"] === "idempotency_in_flight";
    // A success without results is not of Mien: of a hotel's network, for example.
    if (isPassing || (response.ok && !results)) {
      return this._fail(Number(response.headers.get("Retry-After")) || 0);
    }
    this._failures = 0;
    this._remove(key);
    const records = batch?.records ?? [];
    if (results) {
      records.forEach((record, place) => {
        const result = results[place];
        if (batch && result) {
          this._listener.answered(batch.object_id, record, result);
        }
      });
    } else {
      this._listener.problem({
        kind: "refused",
        reason: String(answer["detail"] ?? `The server answered ${status}`),
        code: String(answer["code"] ?? status),
        count: records.length,
      });
    }
    return true;
  }

  /** Wait longer each time, and never in step with others; the server's wish comes on top. */
  private _fail(askedSeconds: number): false {
    const span = Math.min(LONGEST_PAUSE_SECONDS, 2 ** this._failures++);
    const pause = (askedSeconds + span * (0.5 + Math.random() / 2)) * 1_000;
    this._restsUntil = Date.now() + pause;
    if (askedSeconds) {
      this._store.set(NOT_BEFORE, String(this._restsUntil)); // for the other tabs too
    }
    this._later(pause);
    return false;
  }

  private _notBefore(): number {
    const asked = Number(this._store.get(NOT_BEFORE)) || 0;
    const at = Math.max(asked, this._restsUntil);
    // A time far ahead is of a clock that was put right since.
    return at > Date.now() + 2 * LONGEST_PAUSE_SECONDS * 1_000 ? 0 : at;
  }

  private _later(pauseMs: number): void {
    const due = Date.now() + pauseMs;
    if (due < this._due) {
      clearTimeout(this._timer);
      this._due = due;
      this._timer = setTimeout(() => {
        this._due = Infinity;
        void this.flush();
      }, pauseMs);
    }
  }

  private _url(): string {
    const account = encodeURIComponent(this._options.account);
    return `${this._options.host}/sdk/v1/batch?account=${account}&sent_at=${Date.now()}`;
  }
}

export function parse<T>(text: string | undefined): T | undefined {
  try {
    return JSON.parse(text ?? "") as T;
  } catch {
    return undefined;
  }
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
