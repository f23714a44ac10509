/** How the programs are bundled: everything of ours and of the packages together, so that a start reads a few files. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { PAGES, type Page, pageParts } from '../cli/report/page-parts.ts'
import { driverSource } from '../node/work/tasks/driver/driver-source.ts'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A package that reads its own package.json as it is loaded would look for it beside the bundle. */
const ownNames: Plugin = {
  name: 'own-names',
  setup({ onLoad }) {
    onLoad({ filter: /@achingbrain\/ssdp\/dist\/src\/ssdp\.js$/ }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(join(dirname(path), '../../package.json'), 'utf8'))
      const source = await readFile(path, 'utf8')
      return { contents: source.replace("req('../../package.json')", JSON.stringify({ name, version })), loader: 'js' }
    })
  }
}

/** The thread of the daemon that makes series has its whole source in a text: so there is one way for all forms of the program. */
async function seriesWorker(): Promise<string> {
  const { outputFiles } = await build({
    ...{ bundle: true, platform: 'node', format: 'cjs', target: 'node24', logLevel: 'warning', minify: true },
    ...{ entryPoints: [join(root, 'node/agent/series/series-worker.ts')], write: false }
  })
  return outputFiles[0]?.text ?? ''
}

/** Pages are bundled for the browser first, and are texts in the programs. */
const pages: Plugin = {
  name: 'pages',
  setup({ onLoad }) {
    onLoad({ filter: /cli\/report\/page-parts\.ts$/ }, async () => {
      const names = Object.keys(PAGES) as Page[]
      const parts = await Promise.all(names.map(async page => [page, await pageParts(page)]))
      const contents = `const parts = ${JSON.stringify(Object.fromEntries(parts))}\nexport const pageParts = async page => parts[page]`
      return { contents, loader: 'js' }
    })
  }
}

/** The driver of load is a text, too. */
const driver: Plugin = {
  name: 'driver',
  setup({ onLoad }) {
    onLoad({ filter: /node\/work\/tasks\/driver\/driver-source\.ts$/ }, async () => {
      const contents = `const source = ${JSON.stringify(await driverSource())}\nexport const driverSource = async () => source`
      return { contents, loader: 'js' }
    })
  }
}

/** @param target what is bundled, and to where */
export async function bundle(target: BuildOptions): Promise<void> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const define = { BAK_VERSION: JSON.stringify(version), BAK_SERIES_WORKER: JSON.stringify(await seriesWorker()) }
  await build({
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node24', logLevel: 'warning' },
    plugins: [ownNames, pages, driver],
    // some packages are CommonJS and ask for Node's modules
    banner: { js: "import { createRequire as bakRequire } from 'node:module'; const require = bakRequire('/');" },
    ...target,
    define: { ...define, ...target.define }
  })
}
