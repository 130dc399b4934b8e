// Runs calls of the module against a real server, and prints what came of them.
// stdin: {"options": {...}, "calls": [[name, ...arguments], ...]}; "after" of a call is what it gave.
import { readFileSync } from "node:fs";
import { init } from "../dist/mien.mjs";

const { options, calls } = JSON.parse(readFileSync(0, "utf8"));
const problems = [];
const identified = [];
const mien = init({ ...options, onProblem: (problem) => problems.push(problem) });
mien.onIdentified((known) => identified.push(known));
const gave = [];
for (const [name, ...given] of calls) {
  gave.push((await mien[name](...given)) ?? null);
}
const isSent = await mien.flush();
console.log(JSON.stringify({ objectId: mien.objectId, gave, isSent, problems, identified }));
process.exit(0);
