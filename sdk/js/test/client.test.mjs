// What a page calls, and what the server then gets (K-03).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "./browser.mjs";

const plain = (value) => JSON.parse(JSON.stringify(value));

async function opened(options, page) {
  const browser = new Browser(options);
  const tab = browser.open(page);
  const mien = tab.init();
  await browser.clock.move(0);
  return { browser, tab, mien, server: browser.server, clock: browser.clock };
}

test("records go together, in order, bound to the device of the browser", async () => {
  const { mien, server, clock } = await opened();
  mien.track("Viewed", { item: "shoe" });
  mien.set({ plan: "gold" });
  assert.equal(server.seen.length, 0);
  await clock.move(1_000);
  assert.equal(server.seen.length, 1);
  const [body] = server.applied;
  assert.match(body.object_id, /^[0-9a-f]{32}$/);
  assert.equal(body.object_id, mien.objectId);
  assert.deepEqual(body.records.map((each) => each.type), ["event", "profile"]);
  assert.deepEqual(body.records[0].properties, { item: "shoe" });
  assert.equal(body.records[0].at, Date.UTC(2026, 10, 24, 12) / 1_000);
  const { url, headers, credentials, method } = server.seen[0];
  assert.equal(url.origin + url.pathname, "https://mien.example/sdk/v1/batch");
  assert.equal(url.searchParams.get("account"), "ABC-DEF-1234");
  assert.equal(Number(url.searchParams.get("sent_at")), Date.UTC(2026, 10, 24, 12) + 1_000);
  assert.deepEqual(plain(headers), { "Content-Type": "text/plain;charset=UTF-8" });
  assert.deepEqual([method, credentials], ["POST", "omit"]);
});

test("the plain verbs and those of the original do the same", async () => {
  const { mien, server, clock } = await opened();
  mien.identify("ana", { Name: "Ana" });
  mien.onUserLogin({ Site: { Identity: "ana", Name: "Ana" } });
  mien.onUserLogin({ Identity: 7 });
  mien.set({ plan: "gold" });
  mien.profile.push({ Site: { plan: "gold" } });
  mien.track("Charged", { Amount: 9.5 });
  mien.event.push("Charged", { Amount: 9.5 });
  await clock.move(1_000);
  const [one, two, number, ...rest] = server.records.map(({ at, session, object_id, ...each }) => each);
  assert.deepEqual(one, { type: "profile", distinct_id: "ana", properties: { Name: "Ana" } });
  assert.deepEqual(two, one);
  assert.deepEqual(number, { type: "profile", distinct_id: "7", properties: {} });
  assert.deepEqual(rest[0], { type: "profile", properties: { plan: "gold" } });
  assert.deepEqual(rest[1], rest[0]);
  assert.deepEqual(rest[2], { type: "event", name: "Charged", properties: { Amount: 9.5 } });
  assert.deepEqual(rest[3], rest[2]);
});

test("lists, counters, dates and removals are written as the server reads them", async () => {
  const { tab, mien, server, clock } = await opened();
  mien.add("tags", ["a", "b"]);
  mien.remove("tags", "a");
  mien.increment("visits");
  mien.increment("credit", -2.5);
  mien.unset("plan");
  tab.world.mien = mien;
  const { runInContext } = await import("node:vm");
  runInContext("mien.set({ since: new Date(1700000000000), nested: { at: [new Date(0)] }, none: undefined })", tab.world);
  await clock.move(1_000);
  assert.deepEqual(server.records.map((each) => each.properties), [
    { tags: { $add: ["a", "b"] } },
    { tags: { $remove: "a" } },
    { visits: { $incr: 1 } },
    { credit: { $decr: 2.5 } },
    { plan: { $delete: true } },
    { since: "$D_1700000000", nested: { at: ["$D_0"] } },
  ]);
});

test("a visitor who logs in keeps the device, and so what was done before", async () => {
  const { mien, server, clock } = await opened();
  mien.track("Viewed");
  const device = mien.objectId;
  mien.identify("ana");
  await clock.move(0);
  assert.equal(mien.distinctId, "ana");
  assert.deepEqual(server.records.map((each) => each.object_id), [device, device]);
});

test("each person of a browser has a device of their own, and finds it again", async () => {
  const { mien, server, clock } = await opened();
  mien.identify("ana");
  const anas = mien.objectId;
  mien.identify("bo");
  const bos = mien.objectId;
  mien.track("Viewed");
  mien.identify("ana");
  assert.notEqual(anas, bos);
  assert.equal(mien.objectId, anas);
  mien.reset();
  assert.equal(mien.distinctId, undefined);
  assert.ok(![anas, bos].includes(mien.objectId));
  await clock.move(1_000);
  assert.deepEqual(
    server.records.map((each) => [each.object_id, each.distinct_id ?? each.name]),
    [[anas, "ana"], [bos, "bo"], [bos, "Viewed"], [anas, "ana"]],
  );
});

test("who uses the browser is told once the server has accepted it", async () => {
  const { tab, mien, server, clock } = await opened();
  const told = [];
  mien.onIdentified((each) => told.push(plain(each)));
  server.replies.push(new Error("offline"));
  mien.identify("ana");
  await clock.move(100);
  assert.deepEqual(told, []);
  await clock.move(5_000);
  const ana = { distinctId: "ana", objectId: mien.objectId };
  assert.deepEqual(told, [ana]);
  mien.identify("ana", { plan: "gold" });
  await clock.move(1_000);
  assert.deepEqual(told, [ana]);
  const late = [];
  const stop = mien.onIdentified((each) => late.push(plain(each)));
  assert.deepEqual(late, [ana]);
  stop();
  mien.identify("bo");
  await clock.move(1_000);
  assert.deepEqual(told.map((each) => each.distinctId), ["ana", "bo"]);
  assert.equal(late.length, 1);
  assert.deepEqual(tab.problems, []);
});

test("another tab and the next visit know who uses the browser", async () => {
  const { browser, mien, clock } = await opened();
  const other = browser.open();
  const told = [];
  const there = other.init();
  there.onIdentified((each) => told.push(each.distinctId));
  mien.identify("ana");
  await clock.move(1_000);
  mien.track("Viewed");
  await clock.move(1_000);
  assert.deepEqual(told, ["ana"]);
  assert.equal(there.distinctId, "ana");
  const next = browser.open().init();
  next.onIdentified((each) => told.push(each.objectId));
  assert.deepEqual(told, ["ana", mien.objectId]);
});

test("a login that the server rejects is reported and mixes nobody", async () => {
  const { tab, mien, server, clock } = await opened();
  const told = [];
  mien.onIdentified((each) => told.push(each));
  mien.identify("ana");
  await clock.move(0);
  server.replies.push({
    body: { status: "fail", processed: 0, results: [{ position: 1, status: "rejected", code: 623, reason: "signed" }] },
  });
  mien.identify("bo");
  await clock.move(0);
  mien.track("Viewed");
  await clock.move(1_000);
  assert.deepEqual(told.map((each) => each.distinctId), ["ana"]);
  assert.deepEqual(tab.problems.map((each) => [each.kind, each.code, each.reason]), [["rejected", 623, "signed"]]);
  const [ana, viewed] = server.records;
  assert.notEqual(viewed.object_id, ana.object_id);
});

test("an identity token goes with the records of its person, and of nobody else", async () => {
  const { mien, server, clock } = await opened();
  mien.track("Viewed");
  mien.identify("ana", {}, { identityToken: "t.ana" });
  mien.set({ Email: "ana@example.com" });
  mien.identify("bo");
  await clock.move(1_000);
  assert.deepEqual(
    server.applied.map((body) => [body.identity_token, body.records.length]),
    [[undefined, 1], ["t.ana", 2], [undefined, 1]],
  );
});

test("who opts out is forgotten and left alone until they opt in", async () => {
  const { tab, mien, server, clock } = await opened();
  mien.track("Viewed");
  mien.optOut();
  mien.track("Charged");
  mien.identify("ana");
  await clock.move(10_000);
  assert.equal(server.seen.length, 0);
  assert.ok(mien.isOptedOut);
  const next = tab.browser.open().init();
  next.track("Charged");
  await clock.move(10_000);
  assert.equal(server.seen.length, 0);
  next.optIn();
  next.track("Back");
  await clock.move(1_000);
  assert.deepEqual(server.records.map((each) => each.name), ["Back"]);
  assert.equal(next.distinctId, undefined);
});

test("the profile of who is known says that they opted out, and in", async () => {
  const { mien, server, clock } = await opened();
  mien.track("Viewed");
  await clock.move(1_000);
  mien.track("Never sent");
  mien.optOut();
  mien.optOut();
  await clock.move(1_000);
  mien.optIn();
  mien.optIn();
  await clock.move(1_000);
  assert.deepEqual(
    server.records.map((each) => each.name ?? each.properties),
    ["Viewed", { ct_optout: true }, { ct_optout: false }],
  );
});

test("who opted out elsewhere is left alone here too, and may change their mind", async () => {
  const { mien, server, clock } = await opened();
  server.replies.push({ body: { status: "success", processed: 1, results: [{ position: 1, status: "accepted", opted_out: true }] } });
  mien.identify("ana");
  await clock.move(0);
  assert.ok(mien.isOptedOut);
  mien.optIn();
  mien.track("Back");
  await clock.move(1_000);
  assert.deepEqual(
    server.records.map((each) => each.name ?? each.properties),
    [{ ct_optout: false }, "Back"],
  );
});

test("a page may begin opted out, and the visitor's own choice wins", async () => {
  const browser = new Browser();
  const first = browser.open().init({ optedOut: true });
  first.track("Viewed");
  first.optIn();
  const second = browser.open().init({ optedOut: true });
  second.track("Later");
  await browser.clock.move(1_000);
  assert.deepEqual(browser.server.records.map((each) => each.name), ["Later"]);
});

test("a visit lasts until nothing happened for twenty minutes, and knows where it came from", async () => {
  const { mien, server, clock } = await opened(
    {},
    { url: "https://shop.example/?utm_source=news&utm_campaign=may&x=1", referrer: "https://search.example/q?secret=1" },
  );
  const start = Math.floor(clock.now / 1_000);
  mien.track("One");
  await clock.move(19 * 60_000);
  mien.track("Two");
  await clock.move(21 * 60_000);
  mien.track("Three");
  await clock.move(1_000);
  const [one, two, three] = server.records.map((each) => each.session);
  assert.deepEqual(one, {
    session_id: start,
    utm_source: "news",
    utm_campaign: "may",
    session_referrer: "https://search.example/q",
  });
  assert.deepEqual(two, one);
  assert.equal(three.session_id, start + 40 * 60);
});

test("the device tells its language, its time zone and the versions", async () => {
  const browser = new Browser();
  const mien = browser.open().init({ appVersion: "3.2", locate: true });
  mien.track("Viewed");
  await browser.clock.move(1_000);
  const { sdk_version, time_zone, ...rest } = browser.server.applied[0].device;
  assert.equal(browser.server.applied[0].locate, true);
  assert.match(sdk_version, /^js-\d/);
  assert.ok(time_zone);
  assert.deepEqual(rest, { platform: "Web", app_version: "3.2", language: "pt-BR" });
});

test("a call that makes no sense is reported and breaks no page", async () => {
  const { tab, mien, server, clock } = await opened();
  const loop = {};
  loop.self = loop;
  mien.identify("");
  mien.identify("  ");
  mien.onUserLogin({ Name: "Ana" });
  mien.set(loop);
  mien.track("Big", { text: "x".repeat(200_001) });
  mien.set({ count: 10n });
  await clock.move(1_000);
  assert.deepEqual(tab.problems.map((each) => each.kind), Array(6).fill("invalid"));
  assert.equal(server.seen.length, 0);
});

test("one's own profile is read with a token that is fresh each time", async () => {
  const browser = new Browser();
  let asked = 0;
  const mien = browser.open().init({ profileToken: async () => `token-${++asked}` });
  await browser.clock.move(0);
  const ana = { distinct_id: "ana", type: "identified", properties: { plan: "gold" }, events: {} };
  browser.server.replies.push({ body: ana }, { body: ana });
  assert.deepEqual(plain(await mien.properties()), { plan: "gold" });
  assert.equal((await mien.profile.get()).distinct_id, "ana");
  const [first, second] = browser.server.seen;
  assert.equal(first.url.pathname, "/sdk/v1/profile");
  assert.equal(first.headers.Authorization, "Bearer token-1");
  assert.equal(second.headers.Authorization, "Bearer token-2");
  browser.server.replies.push({ status: 401, body: { detail: "The profile token has expired." } }, { status: 502, body: "<h1>" });
  await assert.rejects(mien.properties(), /has expired/);
  await assert.rejects(mien.properties(), /answered 502/);
  await assert.rejects(browser.open().init().properties(), /needs a profileToken/);
});

test("the tag may name the account, and the client is there at once", async () => {
  const browser = new Browser();
  const { world } = browser.open({ attributes: { account: "TEST-ABC-DEF-1234" } });
  world.mien.track("Viewed");
  await browser.clock.move(1_000);
  assert.equal(browser.server.seen[0].url.searchParams.get("account"), "TEST-ABC-DEF-1234");
  assert.equal(world.Mien.init({ account: "TEST-ABC-DEF-1234" }), world.mien);
});

test("a client without an account or an address is refused", () => {
  const { world } = new Browser().open();
  assert.throws(() => world.Mien.init({ account: "" }), /needs an account/);
  assert.throws(() => world.Mien.init({ account: "A", host: "mien.example" }), /needs an account and a host/);
});

test("asked again, the same client is given, with what the options now say", async () => {
  const browser = new Browser();
  const tab = browser.open();
  const mien = tab.init();
  assert.equal(tab.init({ profileToken: "t" }), mien);
  mien.configure({ appVersion: "4" });
  mien.track("Viewed");
  await browser.clock.move(1_000);
  assert.equal(browser.server.applied[0].device.app_version, "4");
  await mien.properties().catch(() => {});
  assert.equal(browser.server.seen.at(-1).headers.Authorization, "Bearer t");
});

test("environments of one page do not see each other", async () => {
  const browser = new Browser();
  const tab = browser.open();
  const live = tab.init();
  const other = tab.init({ account: "TEST-ABC-DEF-1234" });
  live.identify("ana");
  await browser.clock.move(1_000);
  assert.notEqual(live.objectId, other.objectId);
  assert.equal(other.distinctId, undefined);
});
