/** What a visit is: from the first call until nothing happened for twenty minutes. */

import type { Properties } from "./types";

const IDLE_MS = 20 * 60_000;
const CAMPAIGN = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"];

/** A visit; `t` is when something last happened, `p` are its properties as they are sent. */
export interface Session {
  t: number;
  p: Properties;
}

/** Give the visit that goes on, or a new one. */
export function sessionAt(now: number, known: Session | undefined): Session {
  const goesOn = known && now >= known.t && now - known.t < IDLE_MS;
  return { t: now, p: goesOn ? known.p : newSession(now) };
}

function newSession(now: number): Properties {
  const found: Properties = { session_id: Math.floor(now / 1_000) };
  const { location, document } = globalThis;
  if (location?.search) {
    const query = new URLSearchParams(location.search);
    for (const name of CAMPAIGN) {
      const value = query.get(name);
      if (value) {
        found[name] = short(value);
      }
    }
  }
  if (document?.referrer) {
    found["session_referrer"] = short(document.referrer.split(/[?#]/)[0] ?? "");
  }
  return found;
}

/** Give what a browser tells of itself without being asked; the server reads the rest. */
export function deviceFacts(appVersion: string | undefined): Properties {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const { navigator, document } = globalThis;
  return {
    platform: document ? "Web" : undefined,
    sdk_version: `js-${VERSION}`,
    app_version: appVersion,
    language: navigator?.language || undefined,
    time_zone: timeZone || undefined,
  };
}

/** The server takes 512 bytes. */
function short(text: string): string {
  return text.slice(0, 160);
}

declare const VERSION: string;
