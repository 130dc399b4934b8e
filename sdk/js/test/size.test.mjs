// The script stays small: pages wait for it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

test("the script is less than 6,000 bytes when it is compressed", () => {
  const size = gzipSync(read("dist/mien.js"), { level: 9 }).length;
  assert.ok(size < 6_000, `${size} bytes`);
});

test("the SDK needs no other package", () => {
  const { dependencies, peerDependencies } = JSON.parse(read("package.json"));
  assert.equal(dependencies, undefined);
  assert.equal(peerDependencies, undefined);
  assert.doesNotMatch(read("dist/mien.mjs"), /^import /m);
});

test("the module starts where there is no page", async () => {
  const { init } = await import("../dist/mien.mjs");
  const mien = init({ account: "ABC-DEF-1234", host: "http://127.0.0.1:9", onProblem: () => {} });
  assert.match(mien.objectId, /^[0-9a-f]{32}$/);
  assert.equal(await mien.flush(), true);
});
