// Builds everything that the pages load: dist/ holds files whose names carry a hash of their content (so that they may
// be kept for ever) and manifest.json, which names them:
//   {"app.js": "app-….js", "app.css": "app-….css", "inter.woff2": "inter-….woff2", "icons.svg": "icons-….svg",
//    "favicon.svg": "favicon-….svg"}
// Run by `make setup`; `node build.mjs` does the same.

import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, "src");
const target = path.join(here, "dist");
const fresh = path.join(here, "build"); // taken for dist/ once it is whole; git ignores both
const require = createRequire(import.meta.url);

// Licences that ask to travel with what was built from their packages.
const licensed = {
  "@fontsource-variable/inter": "LICENSE",
  "@iconify-json/lucide": "info.json",
  "htmx.org": "LICENSE",
};

function hash(content) {
  return createHash("sha256").update(content).digest("hex").slice(0, 8);
}

// Bundles the two entry points; answers with the names they got, and the font's.
async function bundle() {
  const built = await esbuild.build({
    absWorkingDir: here,
    entryPoints: ["src/app.js", "src/app.css"],
    outdir: fresh,
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "iife",
    target: ["es2022", "chrome110", "firefox115", "safari16.4"],
    loader: { ".woff2": "file" },
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  const names = {};
  for (const [file, output] of Object.entries(built.metafile.outputs)) {
    const name = path.basename(file);
    if (output.entryPoint) names[path.basename(output.entryPoint)] = name;
    else if (name.endsWith(".woff2")) names["inter.woff2"] = name;
  }
  return names;
}

// One sprite of the icons that icons.json lists: <svg><use href="icons-….svg#check"/></svg>.
async function sprite() {
  const { icons, aliases, width = 24, height = 24 } = require("@iconify-json/lucide/icons.json");
  const wanted = JSON.parse(await readFile(path.join(source, "icons.json"), "utf8"));
  const symbols = wanted.map((name) => {
    const icon = icons[name] ?? icons[aliases?.[name]?.parent];
    if (!icon) throw new Error(`icons.json names "${name}", which Lucide does not have`);
    return `<symbol id="${name}" viewBox="0 0 ${width} ${height}">${icon.body}</symbol>`;
  });
  const content = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
  const name = `icons-${hash(content)}.svg`;
  await writeFile(path.join(fresh, name), content);
  return name;
}

async function favicon() {
  const content = await readFile(path.join(source, "favicon.svg"));
  const name = `favicon-${hash(content)}.svg`;
  await writeFile(path.join(fresh, name), content);
  return name;
}

async function licences() {
  const root = path.join(path.dirname(require.resolve("esbuild/package.json")), "..");
  const texts = Object.entries(licensed).map(async ([name, file]) => {
    const text = await readFile(path.join(root, name, file), "utf8");
    return `${name}\n\n${text.trim()}\n`;
  });
  await writeFile(path.join(fresh, "licences.txt"), (await Promise.all(texts)).join("\n---\n\n"));
}

await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
const manifest = { ...(await bundle()), "icons.svg": await sprite(), "favicon.svg": await favicon() };
await licences();
await writeFile(path.join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await rm(target, { recursive: true, force: true });
await rename(fresh, target);
