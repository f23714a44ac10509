import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const root = fileURLToPath(new URL('../../', import.meta.url))
const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/g

/** Everything that a file may load, now or later; types are gone before it runs. */
function reach(file: string, files: Set<string>, packages: Set<string>): void {
  if (files.has(file)) return
  files.add(file)
  for (const [, now, later] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const name = (now ?? later) as string
    if (name.startsWith('.')) reach(resolve(dirname(file), name), files, packages)
    else packages.add(name)
  }
}

test('no command can load libp2p, the daemon, or the engine of streams', () => {
  const [files, packages] = [new Set<string>(), new Set<string>()]
  reach(resolve(root, 'cli/main.ts'), files, packages)
  const own = [...files].map(file => file.slice(root.length))
  // the scan has seen the commands and what is behind them
  for (const file of ['cli/commands/run.ts', 'cli/views/screen.ts', 'protocols/verify.ts', 'protocols/hello.ts']) {
    assert.ok(own.includes(file), file)
  }
  assert.equal(
    own.filter(file => !/^(cli|protocols)\//.test(file) || file === 'protocols/stream.ts'),
    []
  )
  // of Parquet only the parts that read and write it, and statistics, which the commands load that need them,
  // and from source what bundles the page of a report; in the programs it is bundled already
  const outside = [...packages].filter(name => !/^(node:|hyparquet|simple-statistics$|esbuild$)/.test(name)).sort()
  assert.equal(outside, ['cborg', 'commander', 'log-update', 'multiformats/bases/base58', 'smol-toml', 'valibot'])
})

test('every command has a file of its own, and every file is a command', async () => {
  const { commands } = await import('../../cli/commands.ts')
  for (const { name } of commands) assert.ok(existsSync(resolve(root, `cli/commands/${name}.ts`)), name)
})

test.run()
