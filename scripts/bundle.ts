/** How the programs are bundled: everything of ours and of the packages together, so that a start reads a few files. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param target what is bundled, and to where */
export async function bundle(target: BuildOptions): Promise<void> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await build({
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node24', logLevel: 'warning' },
    // function names stand in messages
    keepNames: true,
    // some packages are CommonJS and ask for Node's modules
    banner: { js: "import { createRequire as bakRequire } from 'node:module'; const require = bakRequire('/');" },
    ...target,
    define: { BAK_VERSION: JSON.stringify(version), ...target.define }
  })
}
