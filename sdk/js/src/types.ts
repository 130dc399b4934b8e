/** The shapes that callers see, and those of the wire. */

/** Properties by name. A `Date` is sent as a date; what is `undefined` is left out. */
export type Properties = Record<string, unknown>;

/** Something that went wrong, though no call threw: tracking must not break a page. */
export interface Problem {
  /**
   * `rejected`: the server did not take this record, `code` and `reason` say why.
   * `refused`: it took none of a batch, and will not.
   * `dropped`: records were let go because the queue was full.
   * `invalid`: the call made no sense and nothing was queued.
   */
  kind: "rejected" | "refused" | "dropped" | "invalid";
  reason: string;
  code?: number | string;
  record?: unknown;
  count?: number;
}

/** Who uses this browser, as the server has accepted it. */
export interface Identified {
  distinctId: string;
  objectId: string;
}

export interface Options {
  /** The account id of the environment, such as `ABC-DEF-1234`. */
  account: string;
  /** Where Mien is, such as `https://mien.example.com`; the script tag knows it by itself. */
  host: string;
  /** A profile token, or what gives a fresh one: needed by `properties()` alone. */
  profileToken?: string | (() => string | Promise<string>);
  /** Take nothing until `optIn()`; a choice that the visitor made before wins. */
  optedOut?: boolean;
  /** The version of the app, a fact of the device. */
  appVersion?: string;
  /** Let the server look up where the visitor's address is, where it has a file for that. */
  locate?: boolean;
  /** How long records wait for company before they are sent, in seconds; 1 if left out. */
  flushSeconds?: number;
  /** How many records wait at most; 1,000 if left out. The oldest are let go, and reported. */
  queueSize?: number;
  /** Hears of problems; `console.warn` if left out. */
  onProblem?: (problem: Problem) => void;
}

/** A person as `GET /sdk/v1/profile` gives one. */
export interface OwnProfile {
  distinct_id?: string;
  type: "anonymous" | "identified";
  properties: Properties;
  events: Record<string, { count: number; first_seen: number; last_seen: number }>;
  groups?: Record<string, Record<string, boolean>>;
  updated_at: string;
}

/** @internal */
export interface WireRecord {
  type: "profile" | "event";
  distinct_id?: string;
  name?: string;
  properties: Properties;
  at: number;
  session: Properties;
}

/** @internal One record as it waits; `o` is the device that it is of, `k` its identity token. */
export interface Entry {
  o: string;
  k?: string | undefined;
  r: WireRecord;
}

/** @internal */
export interface WireResult {
  status: "accepted" | "rejected";
  code?: number;
  reason?: string;
  opted_out?: boolean;
}
