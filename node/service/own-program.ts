/** How this very program is started again, by somebody who knows no PATH of ours. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { fileURLToPath } from 'node:url'
import { BakError } from '../../protocols/errors.ts'

export interface Start {
  command: string[]
  /** The folder of the runtime, where the program does not bring it along. */
  runtime?: string
}

/** @returns the command of a unit that runs `bak-node` with these words */
export function startOf(words: string[]): Start {
  // the one executable goes by the name that it is called by; @ sets it, systemd.service(5)
  if (isSea()) return { command: [`@${process.execPath}`, 'bak-node', ...words] }
  const bundled = /\/node-linux-[^/]+\/bin\/node$/.test(process.execPath)
  return { command: [launcher(), ...words], runtime: bundled ? undefined : dirname(process.execPath) }
}

/** `bin/bak-node` of this package, whether it runs from its sources or from what was built of them. */
function launcher(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, 'bin/bak-node')
    if (existsSync(found)) return found
  }
  throw new BakError('bug', 'bin/bak-node is not where it belongs')
}
