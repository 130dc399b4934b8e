/** One tab sends at a time. */

import type { Store } from "./store";

const CLAIM_MS = 30_000;
const SETTLE_MS = 25;

/** Do work while no other tab does; false if another does and will not wait. */
export async function exclusively(
  name: string,
  store: Store,
  tab: string,
  work: () => Promise<boolean>,
): Promise<boolean> {
  const locks = globalThis.navigator?.locks;
  if (locks) {
    return (await locks.request(name, work)) as boolean;
  }
  // Without the browser's own locks, as on pages without TLS: a claim, which others see.
  const read = (): string[] => (store.get("l") ?? "").split(" ");
  const [owner, until] = read();
  if (owner && owner !== tab && Number(until) > Date.now()) {
    return false;
  }
  store.set("l", `${tab} ${Date.now() + CLAIM_MS}`);
  await new Promise((go) => setTimeout(go, SETTLE_MS));
  if (read()[0] !== tab) {
    return false;
  }
  try {
    return await work();
  } finally {
    if (read()[0] === tab) {
      store.remove("l");
    }
  }
}
