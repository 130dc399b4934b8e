// Nothing is lost and nothing counts twice, whatever the network and the tabs do (K-03).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "./browser.mjs";

const names = (server) => server.records.map((each) => each.name);
const down = () => new Error("offline");

async function opened(options, settings) {
  const browser = new Browser(options);
  const tab = browser.open();
  const mien = tab.init(settings);
  await browser.clock.move(0);
  return { browser, tab, mien, server: browser.server, clock: browser.clock };
}

test("what was done offline is sent in order once the network is back", async () => {
  const { tab, mien, server, clock } = await opened();
  server.replies.push(down(), down(), down());
  mien.track("One");
  await clock.move(1_500);
  mien.track("Two");
  await clock.move(60_000);
  assert.deepEqual(names(server), ["One", "Two"]);
  assert.deepEqual(tab.problems, []);
});

test("a pause grows with each failure, and none is like another", async () => {
  const { mien, server, clock } = await opened();
  server.replies.push(...Array(8).fill(0).map(down));
  mien.track("One");
  const times = [];
  const start = clock.now;
  while (server.seen.length < 9) {
    const before = server.seen.length;
    await clock.move(100);
    if (server.seen.length > before) times.push(clock.now - start);
    assert.ok(clock.now - start < 3_600_000);
  }
  const pauses = times.slice(1).map((at, place) => at - times[place]);
  pauses.forEach((pause, place) => {
    assert.ok(pause >= 500 * 2 ** place - 100 && pause <= 1_000 * 2 ** place + 1_200, `${place}: ${pause}`);
  });
});

test("the browser says that it is online: what waits is tried at once", async () => {
  const { tab, mien, server, clock } = await opened();
  server.replies.push(...Array(50).fill(0).map(down));
  mien.track("One");
  await clock.move(600_000);
  server.replies.length = 0;
  tab.fire("online");
  await clock.move(0);
  assert.deepEqual(names(server), ["One"]);
});

test("the server's own wish is kept to, and other tabs keep to it too", async () => {
  const { browser, mien, server, clock } = await opened();
  server.replies.push({ status: 429, headers: { "Retry-After": "30" }, body: { code: "client_too_fast" } });
  mien.track("One");
  await clock.move(1_000);
  const other = browser.open().init();
  other.track("Two");
  await clock.move(28_000);
  assert.equal(server.seen.length, 1);
  await clock.move(10_000);
  assert.deepEqual(names(server).sort(), ["One", "Two"]);
});

for (const status of [408, 425, 429, 500, 502, 503]) {
  test(`an answer ${status} is tried again`, async () => {
    const { tab, mien, server, clock } = await opened();
    server.replies.push({ status, body: "<h1>busy</h1>" });
    mien.track("One");
    await clock.move(10_000);
    assert.deepEqual(names(server), ["One"]);
    assert.deepEqual(tab.problems, []);
  });
}

for (const status of [400, 401, 404, 413, 422]) {
  test(`an answer ${status} is not, and is reported`, async () => {
    const { tab, mien, server, clock } = await opened();
    server.replies.push({ status, body: { code: "no_good", detail: "It is no good." } });
    mien.track("One");
    await clock.move(1_000);
    mien.track("Two");
    await clock.move(60_000);
    assert.deepEqual(names(server), ["Two"]);
    assert.deepEqual(
      tab.problems.map(({ kind, code, reason, count }) => ({ kind, code, reason, count })),
      [{ kind: "refused", code: "no_good", reason: "It is no good.", count: 1 }],
    );
  });
}

test("a batch that is still being worked on is asked for again", async () => {
  const { tab, mien, server, clock } = await opened();
  server.replies.push({ status: 409, body: { code: "idempotency_in_flight" } });
  mien.track("One");
  await clock.move(10_000);
  assert.deepEqual(names(server), ["One"]);
  assert.deepEqual(tab.problems, []);
});

test("a success that is not of the server is none", async () => {
  const { mien, server, clock } = await opened();
  server.replies.push({ body: "<h1>Welcome to our hotel</h1>" });
  mien.track("One");
  await clock.move(10_000);
  assert.deepEqual(names(server), ["One"]);
});

test("a batch whose answer was lost is sent again as it was, and applied once", async () => {
  const { mien, server, clock } = await opened();
  server.replies.push((request) => {
    server.apply(request.body);
    throw down();
  });
  mien.increment("visits");
  await clock.move(10_000);
  const [first, second] = server.seen;
  assert.equal(first.body, second.body);
  assert.equal(server.records.length, 1);
});

test("a record that the server rejects is reported, and its neighbours count", async () => {
  const { tab, mien, server, clock } = await opened();
  mien.track("Good");
  mien.track("Bad");
  await clock.move(1_000);
  assert.equal(server.records.length, 2);
  const [problem] = tab.problems;
  assert.deepEqual([problem.kind, problem.code, problem.reason, problem.record.name], ["rejected", 512, "it is bad", "Bad"]);
});

test("more than a hundred records go in several batches", async () => {
  const { mien, server, clock } = await opened();
  for (let number = 0; number < 250; number++) mien.track(`Event ${number}`);
  await clock.move(1_000);
  assert.deepEqual(server.applied.map((body) => body.records.length), [100, 100, 50]);
  assert.deepEqual(names(server), Array.from({ length: 250 }, (_, number) => `Event ${number}`));
});

test("a batch stays small enough for a page that leaves; one large record goes by itself", async () => {
  const { mien, server, clock } = await opened();
  for (let number = 0; number < 5; number++) mien.track("Long", { text: "é".repeat(12_000) });
  mien.track("Large", { text: "x".repeat(120_000) });
  mien.track("Last");
  await clock.move(1_000);
  assert.deepEqual(server.applied.map((body) => body.records.length), [2, 2, 1, 1, 1]);
  const sizes = server.seen.map((request) => Buffer.byteLength(request.body));
  assert.deepEqual(server.seen.map((request) => request.keepalive), sizes.map((size) => size < 60_000));
});

test("a full queue lets the oldest go, and says how many", async () => {
  const { tab, mien, server, clock } = await opened({}, { queueSize: 10 });
  for (let number = 0; number < 13; number++) mien.track(`Event ${number}`);
  await clock.move(1_000);
  assert.equal(names(server)[0], "Event 3");
  assert.equal(names(server).length, 10);
  assert.deepEqual(tab.problems.map((each) => [each.kind, each.count]), Array(3).fill(["dropped", 1]));
});

test("a full storage lets the oldest go, and says how many", async () => {
  const { browser, tab, mien, server, clock } = await opened();
  browser.storage.room = 6_000;
  server.replies.push(...Array(3).fill(0).map(down));
  for (let number = 0; number < 20; number++) mien.track(`Event ${number}`, { text: "x".repeat(400) });
  await clock.move(60_000);
  const dropped = tab.problems.reduce((sum, each) => sum + each.count, 0);
  assert.ok(dropped > 0);
  assert.equal(names(server).at(-1), "Event 19");
  assert.equal(names(server).length + dropped, 20);
});

for (const storage of [true, false]) {
  test(`a page that leaves sends what it has${storage ? "" : ", without storage too"}`, async () => {
    const { tab, mien, server, clock } = await opened({ storage });
    mien.track("One");
    tab.close();
    await clock.move(0);
    assert.deepEqual(names(server), ["One"]);
    assert.ok(server.seen[0].keepalive);
  });
}

test("what a page sent as it left is asked about by the next one, and counts once", async () => {
  const { browser, tab, mien, server, clock } = await opened();
  mien.track("One");
  server.replies.push((request) => {
    server.apply(request.body);
    return new Promise(() => {}); // the page is gone before the answer comes
  });
  tab.close();
  await clock.move(60_000);
  const next = browser.open().init();
  next.track("Two");
  await clock.move(1_000);
  assert.deepEqual(names(server), ["One", "Two"]);
  assert.equal(server.seen[0].body, server.seen[1].body);
  assert.equal(browser.storage.length, 1, "only who uses the browser is remembered");
});

test("what a page sent as it left days ago is not sent again, since nobody knows its key", async () => {
  const { browser, tab, mien, server, clock } = await opened();
  mien.track("One");
  mien.track("Two");
  server.replies.push((request) => {
    server.apply(request.body);
    return new Promise(() => {});
  });
  tab.close();
  await clock.move(3 * 24 * 3_600_000);
  const later = browser.open();
  later.init().track("Three");
  await clock.move(1_000);
  assert.deepEqual(names(server), ["One", "Two", "Three"]);
  assert.equal(server.seen.length, 2);
  assert.deepEqual(later.problems.map((each) => [each.kind, each.count]), [["dropped", 2]]);
  assert.equal(browser.storage.length, 1);
});

test("what a page could not send as it left is sent days later", async () => {
  const { browser, tab, mien, server, clock } = await opened();
  mien.track("Offline");
  browser.isOnline = false;
  tab.close();
  await clock.move(3 * 24 * 3_600_000);
  browser.isOnline = true;
  const later = browser.open();
  later.init();
  await clock.move(1_000);
  assert.deepEqual(names(server), ["Offline"]);
  assert.deepEqual(later.problems, []);
});

test("what failed while a page was hidden is sent days later", async () => {
  const { browser, tab, mien, server, clock } = await opened();
  server.replies.push(down());
  mien.track("Hidden");
  tab.hide();
  await clock.move(10);
  tab.crash();
  await clock.move(3 * 24 * 3_600_000);
  const later = browser.open();
  later.init();
  await clock.move(1_000);
  assert.deepEqual(names(server), ["Hidden"]);
  assert.deepEqual(later.problems, []);
});

test("a beacon is sent where a request cannot outlive its page", async () => {
  const { browser, tab, mien, server, clock } = await opened({ keepalive: false });
  mien.track("One");
  tab.close();
  await clock.move(0);
  assert.equal(server.seen.length, 0);
  const beacon = tab.beacons[0];
  assert.equal(beacon.url.searchParams.get("account"), "ABC-DEF-1234");
  server.apply(beacon.body);
  browser.open().init();
  await clock.move(1_000);
  assert.deepEqual(names(server), ["One"]);
});

test("a page that was only hidden goes on, and sends nothing twice", async () => {
  const { tab, mien, server, clock } = await opened();
  mien.track("One");
  tab.hide();
  await clock.move(1_000);
  tab.document.visibilityState = "visible";
  tab.fire("visibilitychange");
  mien.track("Two");
  await clock.move(1_000);
  assert.deepEqual(names(server), ["One", "Two"]);
  assert.equal(server.seen.length, 2);
});

test("what a tab had when it crashed is sent by the next one", async () => {
  const { browser, tab, mien, server, clock } = await opened();
  mien.track("One");
  tab.crash();
  await clock.move(31_000);
  browser.open().init();
  await clock.move(1_000);
  assert.deepEqual(names(server), ["One"]);
});

for (const locks of [true, false]) {
  test(`tabs send each record once${locks ? "" : ", without the browser's locks too"}`, async () => {
    const { browser, server, clock } = await opened({ locks });
    const tabs = Array.from({ length: 5 }, () => browser.open().init());
    for (let turn = 0; turn < 20; turn++) {
      tabs.forEach((tab, number) => tab.track(`Event ${turn}-${number}`));
      if (turn % 5 === 0) server.replies.push(down());
      await clock.move(700);
    }
    await clock.move(120_000);
    assert.equal(new Set(names(server)).size, 100);
    assert.equal(names(server).length, 100);
  });
}

test("flush says whether the server has it all", async () => {
  const { mien, server, clock } = await opened();
  mien.track("One");
  server.replies.push(down());
  assert.equal(await mien.flush(), false);
  await clock.move(5_000);
  mien.track("Two");
  assert.equal(await mien.flush(), true);
  assert.deepEqual(names(server), ["One", "Two"]);
  assert.equal(await mien.ready, true);
});

test("what somebody wrote into the storage stops nothing", async () => {
  const browser = new Browser();
  browser.storage.setItem("mien:ABC-DEF-1234:s", "not json");
  browser.storage.setItem("mien:ABC-DEF-1234:q000000000000aaaaaaaa", "{}");
  browser.storage.setItem("mien:ABC-DEF-1234:b000000000000aaaaaaaa", "nonsense");
  browser.storage.setItem("mien:ABC-DEF-1234:w", "Infinity");
  browser.server.replies.push({ status: 400, body: { code: "malformed_request", detail: "Malformed request" } });
  const tab = browser.open();
  const mien = tab.init();
  mien.track("One");
  await browser.clock.move(60_000);
  assert.deepEqual(names(browser.server), ["One"]);
});
