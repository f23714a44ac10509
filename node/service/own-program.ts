/** The command that starts this program again, for a service manager with another PATH. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { fileURLToPath } from 'node:url'
import { BakError } from '../../protocols/errors.ts'

interface Start {
  command: string[]
  /** The folder of the Node runtime, if the program does not contain one. */
  runtime?: string
}

/** @returns the command of a unit that runs `bak-node` with these arguments */
export function startOf(words: string[]): Start {
  // the single executable decides by argv[0] which program it is; @ sets that, systemd.service(5)
  if (isSea()) return { command: [`@${process.execPath}`, 'bak-node', ...words] }
  const bundled = /\/node-linux-[^/]+\/bin\/node$/.test(process.execPath)
  return { command: [launcher(), ...words], runtime: bundled ? undefined : dirname(process.execPath) }
}

/** @returns `bin/bak-node` of this package, for a start from sources and from the built package */
function launcher(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, 'bin/bak-node')
    if (existsSync(found)) return found
  }
  throw new BakError('bug', 'bin/bak-node is missing in this package')
}
