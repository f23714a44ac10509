/** How the programs of a run are started: as the daemon does what is bak's own or the owner's, and apart from it what a run of another peer brings. */
import type { Supervised } from './supervisor.ts'

/** `owner` is a program that the owner of this machine typed; a `privileged` one is on record and in the cgroup of its run. */
export type Treatment = 'apart' | 'privileged' | 'owner'

/** Where a workload runs. */
export interface Places {
  /** Its working folder; not a part of the result. */
  cwd: string
  /** What it writes there comes into the result. */
  out: string
  /** Whom both belong to, where that is another user. */
  owner?: { uid: number; gid: number }
  treatment: Treatment
}

/** What is known of a workload only when its places are there. */
export interface Prepared {
  argv: string[]
  /** What it is told of the run. */
  env: Record<string, string>
  /** Files beside its folders that it reaches also in a sandbox, such as a socket. */
  shown?: string[]
  /** Folders below its own in which it may not write, where it runs in an image. */
  readOnly?: string[]
}

/** What a workload has beside a tool. */
export interface WorkProgram {
  /** Its working folder, in the home: a fresh one, which goes with the program; its counterpart where it runs as another user. */
  folder: string
  /** The folder that it starts in instead. */
  directory?: string | undefined
  /** The id of an image of podman in which it runs. */
  image?: string | undefined
  /** Variables of the run: nothing that starts the program gets them. */
  env: Record<string, string>
  /** A folder in the home with those of several programs that may share their namespaces. */
  within?: string
  /** A folder in the home with all of its folders, where none of them is a part of the data of the run: it counts for what the run has written. */
  counted?: string
  /** Fills the working folder before the program starts, while nobody else can enter it. */
  prepare(places: Places): Promise<Prepared>
}

export interface ProgramOfRun {
  /** What it is to the run: the name of its tool; of a workload in words. */
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
  /** It is a workload. */
  work?: WorkProgram
  /** It runs where a workload does that has not ended. */
  beside?: { places: Places; told: Record<string, string> } & Pick<WorkProgram, 'env' | 'directory'>
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
  /** @returns the file by which a program that is started otherwise enters the cgroup of what the owner typed; none where there is none */
  enterTyped(): string[]
  /** @returns the folders of the cgroups that its programs have, as far as they are there */
  cgroups?(): string[]
  /**
   * Nothing that was started runs any more, and nothing more is. Never rejects.
   * @returns names of what they had left running outside of their process groups, as far as that is known here
   */
  end(): Promise<string[]>
}
