/** Starts and ends the program of a collector: in the folder of its files, with a chosen environment and a log that is bounded. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { chosenEnvironment } from '../processes/environment.ts'
import { errorLineIn } from '../processes/error-line.ts'
import { signalGroup } from '../processes/process-group.ts'
import type { Exit, Supervised, Supervisor } from '../processes/supervisor.ts'
import { BoundedLog } from './bounded-log.ts'

/** Time to write what is in memory, ms. */
const STOP_GRACE_MS = 15_000

export interface CollectorProgram {
  argv: string[]
  folder: string
  /** Name of its log in the folder. */
  log: string
  variables?: Record<string, string>
  supervisor: Pick<Supervisor, 'spawn'>
  signal?: AbortSignal
}

export interface RunningCollector {
  group(): number
  /** Has it read its configuration again. */
  reload(): void
  exited: Promise<Exit>
  /** @returns how it ended, with what it said last: `exit 2: lock DB directory: resource temporarily unavailable` */
  ending(): Promise<string>
  /** Its end, also if it has ended before. Never rejects. */
  stop(): Promise<void>
}

/** @throws {BakError} as `Supervisor.spawn` does */
export async function startCollectorProgram(program: CollectorProgram): Promise<RunningCollector> {
  const { argv, folder, variables, supervisor, signal } = program
  await mkdir(folder, { recursive: true })
  const path = join(folder, program.log)
  const env = { ...chosenEnvironment({ home: folder }), ...variables }
  const supervised: Supervised = await supervisor.spawn({ argv, cwd: folder, env, stdout: path, stderr: path, signal })
  const log = new BoundedLog(path)
  const closed = supervised.exited.then(() => log.close())
  return {
    group: supervised.group,
    reload: () => void signalGroup(supervised.group(), 'SIGHUP'),
    exited: supervised.exited,
    async ending() {
      const { exit, signal: by } = await supervised.exited
      // what a signal ended has not said why
      if (exit == null) return `signal ${by}`
      const said = await errorLineIn(path)
      return `exit ${exit}${said === '' ? '' : `: ${said}`}`
    },
    async stop() {
      await supervised.stop({ grace: STOP_GRACE_MS })
      await closed
    }
  }
}
