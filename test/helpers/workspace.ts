/** A folder and a supervisor for one test; `close` removes both. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Supervisor } from '../../node/processes/supervisor.ts'

export { until } from './until.ts'

export interface Workspace {
  folder: string
  supervisor: Supervisor
  close(): Promise<void>
}

export function createWorkspace(name: string): Workspace {
  const folder = mkdtempSync(join(tmpdir(), `bak-${name}-`))
  const supervisor = new Supervisor({ ledger: join(folder, 'ledger') })
  const close = async () => {
    await supervisor.close({ grace: 0 })
    rmSync(folder, { recursive: true })
  }
  return { folder, supervisor, close }
}

/** @returns the path of a tiny executable of `test/fixtures` */
export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
