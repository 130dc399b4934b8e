// Runs calls of the official library, one after the other, and prints what each gave.
// stdin: {"account", "passcode", "region", "calls": [[method, ...arguments], ...]}
import { readFileSync } from "node:fs";
import CleverTap from "clevertap";

const asked = JSON.parse(readFileSync(0, "utf8"));
const client = CleverTap.init(asked.account, asked.passcode, asked.region);
const answers = [];
for (const [method, ...given] of asked.calls) {
  answers.push((await client[method](...given)) ?? null);
}
console.log(JSON.stringify(answers));
