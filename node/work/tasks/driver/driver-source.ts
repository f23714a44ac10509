/**
 * The driver as one text, process and threads together: it is put into the working folder of each that starts, where the user that it runs as
 * can read it. From source esbuild makes it on the fly; where the programs are bundled (scripts/bundle.ts) this file is replaced by one that has it.
 */
import { fileURLToPath } from 'node:url'

let made: Promise<string> | undefined

/** @returns an ES module */
export function driverSource(): Promise<string> {
  made ??= bundled()
  return made
}

async function bundled(): Promise<string> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('driver-process.ts', import.meta.url))],
    ...{ bundle: true, write: false, platform: 'node', format: 'esm', target: 'node24', logLevel: 'warning' },
    ...{ minify: true, legalComments: 'none', charset: 'utf8' },
    // some packages are CommonJS and ask for Node's modules
    banner: { js: "import { createRequire as bakRequire } from 'node:module'; const require = bakRequire('/');" }
  })
  return outputFiles[0]?.text ?? ''
}
