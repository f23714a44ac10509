/** How the programs of a run are started: as the daemon does what is bak's own or the owner's, and apart from it what a run of another peer brings. */
import { chosenEnvironment } from './environment.ts'
import type { Supervised, Supervisor } from './supervisor.ts'

export interface ProgramOfRun {
  /** What it is to the run: the name of its tool. */
  name: string
  argv: string[]
  /** Those words of it that the run names, if they decide what runs; none for a tool of bak's own that runs no other program. */
  brought?: string[]
  /** Where its files belong. */
  folder: string
  /** A folder of what the run brings, in which it may read. */
  reads?: string | undefined
  stdout: string
  stderr: string
}

export interface RunningProgram extends Supervised {
  /** Why it was ended by something else than itself and `stop`. */
  reason(): string | undefined
  /** Its files come to the folder where they belong, once it has ended. @returns what is odd about them */
  collect(): Promise<string[]>
}

export interface Programs {
  /** @throws {BakError} as `Supervisor.spawn` does; `not-allowed` for a program that may not run here */
  spawn(program: ProgramOfRun): Promise<RunningProgram>
  /** Nothing that was started runs any more, and nothing more is. Never rejects. */
  end(): Promise<void>
}

/** @param keep variables of the daemon that the owner lets programs have */
export function plainPrograms(supervisor: Supervisor, keep: string[] = []): Programs {
  return {
    async spawn({ argv, folder, stdout, stderr }) {
      const env = chosenEnvironment({ home: folder, keep })
      const supervised = await supervisor.spawn({ argv, cwd: folder, env, stdout, stderr })
      return { ...supervised, reason: () => undefined, collect: async () => [] }
    },
    async end() {}
  }
}
