// Build what the pages of the dashboard load: `node build.mjs <folder>` puts it there.
// Each file has a hash of its content in its name, so that browsers may keep it for ever, and
// lies beside a copy compressed with Brotli; manifest.json says which file is which.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [folder] = process.argv.slice(2);
if (!folder) throw new Error("Say into which folder.");
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const manifest = {};

function put(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const stored = name.replace(/(\.\w+)$/, `.${hash}$1`);
  writeFileSync(join(folder, stored), bytes);
  const size = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(join(folder, `${stored}.br`), brotliCompressSync(bytes, { params: size }));
  writeFileSync(join(folder, `${stored}.gz`), gzipSync(bytes, { level: 9 }));
  manifest[name] = stored;
}

// One sprite of the icons that pages use: icons.json lists them.
function sprite() {
  const names = JSON.parse(readFileSync(join(here, "icons.json"), "utf8"));
  const symbols = names.sort().map((name) => {
    const file = join(here, "node_modules/@tabler/icons/icons/outline", `${name}.svg`);
    const drawn = readFileSync(file, "utf8").replace(/<!--[^]*?-->/g, "");
    const inner = drawn.slice(drawn.indexOf(">", drawn.indexOf("<svg")) + 1, drawn.lastIndexOf("</svg>"));
    return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s+/g, " ").trim()}</symbol>`;
  });
  const notice = "<!-- Tabler Icons, MIT licence, (c) 2020-2026 Paweł Kuna -->";
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${notice}${symbols.join("")}</svg>`);
}

for (const entry of ["theme.js", "mien.js", "mien.css"]) {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: [`src/${entry}`],
    bundle: true,
    minify: true,
    write: false,
    target: "es2022",
    format: "iife",
    legalComments: "inline",
    logLevel: "warning",
    ...(entry.endsWith(".css") ? { format: undefined, target: "chrome120" } : {}),
  });
  put(entry, Buffer.from(outputFiles[0].contents));
}
put("icons.svg", sprite());
writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
