// Build the SDK: a script for pages, a module for bundlers, and the types of both.
// `node build.mjs <folder>` also puts the script into that folder, from where the server serves it.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const { version } = createRequire(import.meta.url)("./package.json");
const shared = {
  absWorkingDir: here,
  bundle: true,
  target: "es2020",
  legalComments: "none",
  define: { VERSION: JSON.stringify(version) },
  logLevel: "warning",
};

rmSync(dist, { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: ["src/script.ts"],
  outfile: "dist/mien.js",
  format: "iife",
  globalName: "Mien",
  minify: true,
  // Names with a leading underscore are not for callers.
  mangleProps: /^_/,
});
await build({ ...shared, entryPoints: ["src/index.ts"], outfile: "dist/mien.mjs", format: "esm" });
const compiler = join(here, "node_modules", "typescript", "bin", "tsc");
execFileSync(process.execPath, [compiler, "--emitDeclarationOnly", "--outDir", "dist/types"], {
  cwd: here,
  stdio: "inherit",
});
const [folder] = process.argv.slice(2);
if (folder) {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(dist, "mien.js"), join(folder, "mien.js"));
}
