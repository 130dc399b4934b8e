// Programs that use the types compile, and those that use them wrongly do not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SDK = fileURLToPath(new URL("..", import.meta.url));

function compile(code) {
  const folder = mkdtempSync(join(tmpdir(), "mien-"));
  const paths = { "mien-js": [join(SDK, "dist/types/index.d.ts")] };
  const options = { strict: true, noEmit: true, types: [], lib: ["es2022", "dom"], module: "esnext", moduleResolution: "bundler", paths };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["page.ts"] }));
  writeFileSync(join(folder, "page.ts"), code);
  const compiler = join(SDK, "node_modules/typescript/bin/tsc");
  const done = spawnSync(process.execPath, [compiler, "--project", folder], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return done.status === 0 ? "" : done.stdout;
}

const BEGIN = `
import { type Client, type Problem, init } from "mien-js";
const mien: Client = init({ account: "A", host: "https://mien.example.com" });
`;

test("a program that uses every call compiles", () => {
  const said = compile(`${BEGIN}
    mien.identify("ana", { Name: "Ana", born: new Date() }, { identityToken: "t" });
    mien.onUserLogin({ Identity: "ana" });
    mien.profile.push({ plan: "gold" });
    mien.event.push("Charged");
    mien.add("tags", ["a"]); mien.remove("tags", "a"); mien.increment("n"); mien.unset("n");
    mien.optOut(); mien.optIn(); mien.reset();
    const stop: () => void = mien.onIdentified(({ distinctId }) => distinctId.length);
    stop();
    mien.configure({ onProblem: (problem: Problem) => problem.kind, profileToken: async () => "t" });
    const isSent: Promise<boolean> = mien.flush();
    const id: string | undefined = mien.distinctId;
    const { plan } = await mien.properties();
    export { id, isSent, plan };
  `);
  assert.equal(said, "");
});

test("a program that calls it wrongly does not", () => {
  for (const wrong of ["mien.track();", "mien.identify(7);", "mien.increment('n', '1');", "init({ account: 'A' });", "mien._outbox;"]) {
    assert.match(compile(BEGIN + wrong), /error TS/, wrong);
  }
});
