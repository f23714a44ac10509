/** A folder and a supervisor for one test; `close` removes both. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Supervisor } from '../../node/processes/supervisor.ts'

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

/** Waits until `probe` returns a value. @throws if it does not within 10 s */
export async function until<T>(probe: () => T | undefined): Promise<T> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await sleep(10)) {
    const found = probe()
    if (found !== undefined) return found
  }
  throw new Error('it did not happen within 10 s')
}
