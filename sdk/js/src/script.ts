/**
 * The SDK as a script tag. The server that serves it is the host:
 *
 *     <script src="https://mien.example.com/sdk/mien.js" data-account="ABC-DEF-1234"></script>
 *
 * With `data-account` the client is `window.mien` at once, else `Mien.init({account})` makes it.
 */

import type { Client } from "./client";
import { init as initAt } from "./index";
import type { Options } from "./types";

const script = document.currentScript as HTMLScriptElement | null;
const origin = (script?.src ?? "").replace(/\/sdk\/mien\.js.*$/, "");
const account = script?.dataset["account"];

/** Start the client of an environment; the host is where the script came from. */
export function init(options: Omit<Options, "host"> & { host?: string }): Client {
  return initAt({ host: origin, ...options });
}

if (account) {
  (globalThis as unknown as { mien: Client }).mien = init({ account });
}
