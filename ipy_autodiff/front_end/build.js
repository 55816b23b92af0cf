// Builds what Python puts into outputs: `npm run build` writes it, `npm run fresh` fails where a built file is stale.
//
// A page's file packs its script and its style, because every output carries it: `unpack.js` is what runs first.
import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { build } from "esbuild"
import { zlibSync } from "fflate"

const here = (/** @type {string} */ path) => new URL(path, import.meta.url)
const target = "es2022"

const palette = Object.entries(JSON.parse(readFileSync(here("shared/palette.json"), "utf8")))

// The colours stand once, in `shared/palette.json`: `@palette dark;` in a style becomes custom properties.
/** @param {{ path: string }} file */
function coloured({ path }) {
  const contents = readFileSync(path, "utf8").replace(/@palette (light|dark);/g, (_, kind) =>
    palette
      .map(([name, { theme, [kind]: colour }]) => `--ad-${name}:${theme ? `var(${theme},${colour})` : colour};`)
      .join(""),
  )
  return { contents, loader: /** @type {const} */ ("css") }
}

/** @param {string} path */
async function style(path) {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    plugins: [{ name: "palette", setup: (plugin) => plugin.onLoad({ filter: /\.css$/ }, coloured) }],
  })
  return outputFiles[0].text.trim()
}

/** @param {{ path: string }} file */
async function styleAsText({ path }) {
  return { contents: await style(path), loader: /** @type {const} */ ("text") }
}

/** @param {string} entry */
async function bundled(entry) {
  const { outputFiles } = await build({
    entryPoints: [here(entry).pathname],
    bundle: true,
    minify: true,
    write: false,
    target,
    charset: "utf8",
    format: entry === "widget.js" ? "esm" : "iife",
    legalComments: "none",
    plugins: [{ name: "style", setup: (plugin) => plugin.onLoad({ filter: /\.css$/ }, styleAsText) }],
  })
  return outputFiles[0].text.trim()
}

// The script as a function of an output's data. Outputs with the same script on one page run it once.
/** @param {string} script */
async function packed(script) {
  const name = createHash("sha256").update(script).digest("hex").slice(0, 12)
  const bytes = zlibSync(new TextEncoder().encode(script), { level: 9 })
  const { outputFiles } = await build({
    entryPoints: [here("unpack.js").pathname],
    minify: true,
    write: false,
    target,
    format: "esm",
    define: { PACKED: JSON.stringify(Buffer.from(bytes).toString("base64")), NAME: JSON.stringify(name) },
  })
  return outputFiles[0].text.trim().replace(/;$/, "")
}

const files = new Map([
  ["page.js", await packed(await bundled("page.js"))],
  ["page_with_all.js", await packed(await bundled("page_with_all.js"))],
  ["widget.js", await bundled("widget.js")],
  ["picture.css", await style(here("graph/picture.css").pathname)],
  ["boxes.css", await style(here("graph/boxes.css").pathname)],
  ["wrong.css", await style(here("graph/wrong.css").pathname)],
])

const built = here("built/")
mkdirSync(built, { recursive: true })
const written = new Map(readdirSync(built).map((name) => [name, readFileSync(new URL(name, built), "utf8")]))
const stale = [...new Set([...files.keys(), ...written.keys()])].filter(
  (name) => written.get(name) !== (files.has(name) ? `${files.get(name)}\n` : undefined),
)
if (process.argv.includes("--check")) {
  if (stale.length) {
    console.error(`stale: ${stale.join(", ")}. Run: npm --prefix ipy_autodiff/front_end run build`)
    process.exit(1)
  }
} else {
  for (const name of stale) rmSync(new URL(name, built), { force: true })
  for (const [name, text] of files) writeFileSync(new URL(name, built), `${text}\n`)
  for (const [name, text] of files) console.log(`${name}: ${text.length} characters`)
}
