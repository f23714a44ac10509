/** Containers of podman and of docker: processor, memory, network and I/O of each. */
import { userInfo } from 'node:os'
import type { ToolOptions } from '../../../protocols/tool-options.ts'
import { findProgram, versionOf } from '../find-program.ts'
import { filesOfProgram, notFound } from '../program-tool.ts'
import { intervalOf, intervalSetting, settingsOf } from '../settings-of.ts'
import { sizeSetting } from '../size-setting.ts'
import type { Needs, Tool } from '../tool.ts'
import { reasonOf, tryProgram } from '../try-program.ts'
import { repeatCommand } from './repeated-command.ts'

interface Containers {
  name: string
  needs: Needs
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
  const tool: Tool = {
    name,
    summary: `processor, memory, network and I/O of each container (${name} stats)`,
    ...{ lifetime: 'transient', needs, stop: 'the daemon starts no further sample' },
    settings: [intervalSetting, sizeSetting(SIZE_MIB)],
    noWords: `${name} can do anything to containers`,
    files: filesOfProgram(name).slice(0, 2),
    async check(_: ToolOptions, { isQuick = false } = {}) {
      const path = await findProgram(name)
      if (path == null) return { tool: name, usable: false, reason: `${name}: ${notFound(needs)}` }
      if (isQuick) return { tool: name, usable: true }
      const tried = await tryProgram(asUser(probe))
      if (!tried.isDone) return { tool: name, usable: false, reason: `${name}: ${reasonOf(tried)}` }
      return { tool: name, usable: true, version: await versionOf(path, '--version') }
    },
    async start(context) {
      const { values } = settingsOf(tool, context.options)
      const wanted = intervalOf(values, context)
      const interval = Math.max(least, wanted)
      const remarks =
        interval === wanted ? [] : [`sampled every ${interval} s, because ${name} needs that long for one sample`]
      const commands = () => [{ argv: asUser(stats) }]
      return repeatCommand({ name, commands, interval, size: values.size as number, remarks }, context)
    }
  }
  return tool
}

/** Without root the containers are those of the user, in the user's own folders. */
function asUser(argv: string[]): string[] {
  const { uid, homedir } = userInfo()
  return uid === 0
    ? ['env', 'HOME=/root', ...argv]
    : ['env', `HOME=${homedir}`, `XDG_RUNTIME_DIR=/run/user/${uid}`, ...argv]
}
