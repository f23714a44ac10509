/** Where the programs are that a testnet starts: in `bin/` of the sources, or all in the one executable that is running. */
import { dirname, join } from 'node:path'
import { isSea } from 'node:sea'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const folder = isSea() ? dirname(process.execPath) : join(here, '../bin')

export const BAK = join(folder, 'bak')
export const BAK_NODE = join(folder, 'bak-node')

/** The demo's workload, as words of a command. */
export const WORKLOAD = isSea()
  ? [join(folder, 'bak-testnet'), 'workload']
  : [process.execPath, join(here, 'main.ts'), 'workload']
