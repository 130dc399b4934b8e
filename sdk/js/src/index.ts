/** JavaScript client of Mien: says who uses a page or an app, and what they do. */

import { Client } from "./client";
import type { Options } from "./types";

export type { Client } from "./client";
export type { Identified, Options, OwnProfile, Problem, Properties } from "./types";

const clients = new Map<string, Client>();

/**
 * Start the client of an environment. Asked again for the same one, it gives the same client, with
 * what the options now say.
 */
export function init(options: Options): Client {
  const { account, host } = options;
  if (!account || !/^https?:\/\//.test(host ?? "")) {
    throw new Error("mien: init needs an account and a host such as https://mien.example.com");
  }
  const where = host.replace(/\/+$/, "");
  const name = `${where} ${account}`;
  const given = { ...options, host: where };
  const known = clients.get(name);
  known?.configure(given);
  const client = known ?? new Client(given);
  clients.set(name, client);
  return client;
}
