/** How a program of a run starts in an image of podman: where it works and as whom is as outside of one. */

import type { Contained, Containers } from './containers.ts'
import { chosenEnvironment } from './environment.ts'
import type { Isolation } from './isolation.ts'
import type { ProgramFolders } from './program-folders.ts'
import type { WorkProgram } from './programs.ts'

export interface ContainedInit {
  containers: Pick<Containers, 'prepare'>
  work: WorkProgram & { image: string }
  folders: ProgramFolders
  argv: string[]
  /** What the program is told of the run. */
  told: Record<string, string>
  /** How programs of others are kept apart; undefined for one of the owner's. */
  isolation: Isolation | undefined
  /** Whether programs of others may use the network. */
  network: boolean
  limits: { memory?: number; pids?: number; cpu?: number }
  /** Variables of the daemon that programs get. */
  keep: string[]
}

/** As the daemon starts podman. */
export const AS_PODMAN: Isolation = { how: 'owner', limit: true }

/** @throws {BakError} `tool-unavailable` without a podman that works */
export function contain(init: ContainedInit): Promise<Contained> {
  const { containers, work, folders, argv, told, isolation, network, limits, keep } = init
  const { cwd, writable, tmp, prepared } = folders
  const other = isolation?.how === 'user' ? isolation : undefined
  const isOwn = isolation == null
  // the PATH of this machine says nothing of an image
  const { PATH: _, ...chosen } = { ...chosenEnvironment({ home: cwd, tmp: '/tmp', user: other?.user, keep }), ...told }
  return containers.prepare({
    ...{ image: work.image, argv, cwd, isOwn },
    writable: [...writable, ...(prepared?.shown ?? [])],
    readOnly: prepared?.readOnly ?? [],
    tmp: other == null ? undefined : tmp,
    env: { ...chosen, ...work.env },
    user: other ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    network: isOwn || network,
    limits: isOwn ? {} : limits
  })
}

/** @returns for the audit */
export function containedInWords(isolation: Isolation): string {
  return `in an image of podman, ${isolation.how === 'user' ? `as ${isolation.user} (${isolation.uid})` : 'as the user of this daemon'}, without privileges`
}
