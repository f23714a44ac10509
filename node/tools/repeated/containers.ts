/** Containers of podman and of docker: processor, memory, network and I/O of each. */
import { userInfo } from 'node:os'
import { versionOf } from '../find-program.ts'
import type { Needs, Tool } from '../tool.ts'
import { reasonOf, tryProgram } from '../try-program.ts'
import { repeatedTool } from './repeated-tool.ts'

interface Containers {
  name: string
  needs: Needs & { program: string }
  /** All of one sample, on stdout. */
  stats: string[]
  /** Answers soon, and fails if it cannot be asked. */
  probe: string[]
  /** Seconds that one sample takes. */
  least: number
}

const SIZE_MIB = 64

export const podman = containers({
  name: 'podman',
  needs: {
    ...{ program: 'podman', debian: 'podman', fedora: 'podman' },
    privilege: 'none for your own containers; root, for those of root'
  },
  stats: ['podman', 'stats', '--no-stream', '--format', 'json'],
  probe: ['podman', 'ps', '--quiet'],
  least: 1
})

export const docker = containers({
  name: 'docker',
  needs: { program: 'docker', debian: 'docker.io', fedora: 'docker-cli', privilege: 'root, or the group docker' },
  stats: ['docker', 'stats', '--no-stream', '--format', '{{json .}}'],
  probe: ['docker', 'ps', '--quiet'],
  // it takes two looks, one second apart
  least: 3
})

function containers({ name, needs, stats, probe, least }: Containers): Tool {
  return repeatedTool({
    ...{ name, needs, size: SIZE_MIB, least },
    summary: `processor, memory, network and I/O of each container (${name} stats)`,
    noWords: `${name} can do anything to containers`,
    async tryOut(path) {
      const tried = await tryProgram(asUser(probe))
      return tried.isDone ? { version: await versionOf(path, '--version') } : { why: reasonOf(tried) }
    },
    sample: () => ({ commands: () => [{ argv: asUser(stats) }] })
  })
}

/** Without root the containers are those of the user, in the user's own folders. */
function asUser(argv: string[]): string[] {
  const { uid, homedir } = userInfo()
  return uid === 0
    ? ['env', 'HOME=/root', ...argv]
    : ['env', `HOME=${homedir}`, `XDG_RUNTIME_DIR=/run/user/${uid}`, ...argv]
}
