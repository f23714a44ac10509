/** podman and docker, where they are: version, how they store and isolate, and which containers run. No environment, no commands. */
import { ask, type CollectContext, type Collector } from './collector.ts'

const MAX_CONTAINERS = 256
/** Of what `info` prints, in either program. */
const FACTS =
  /^(ServerVersion|Driver|CgroupDriver|CgroupVersion|DefaultRuntime|KernelVersion|OperatingSystem|Images|ContainersRunning|SecurityOptions|graphDriverName|cgroupManager|cgroupVersion|ociRuntime|version|networkBackend|logDriver|rootless)$/

export const containers: Collector = {
  deadline: 15_000,
  async collect(context) {
    const [podman, docker] = await Promise.all([describe('podman', context), describe('docker', context)])
    if (podman == null && docker == null) return context.lacks('neither podman nor docker is here')
    return { podman, docker }
  }
}

async function describe(program: string, context: CollectContext) {
  try {
    const info = await ask(program, ['info', '--format', program === 'docker' ? '{{json .}}' : 'json'], context)
    if (info == null) return undefined
    const rows = (await ask(program, ['ps', '--format', '{{.Names}}\t{{.Image}}\t{{.Status}}'], context)) ?? ''
    const running = rows.split('\n').filter(row => row !== '')
    if (running.length > MAX_CONTAINERS) context.cut(`the first ${MAX_CONTAINERS} of ${running.length} containers`)
    return { ...pick(JSON.parse(info)), running: running.slice(0, MAX_CONTAINERS).map(row => row.split('\t')) }
  } catch (cause) {
    // an engine that is installed and does not run is a fact of the machine
    return { error: (cause as Error).message.slice(0, 256) }
  }
}

/** The named facts, wherever they are. */
function pick(value: unknown, path = ''): Record<string, unknown> {
  if (value == null || typeof value !== 'object' || Array.isArray(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      const name = path === '' ? key : `${path}.${key}`
      const isPlain = each == null || typeof each !== 'object' || Array.isArray(each)
      if (FACTS.test(key) && isPlain) return [[name, each]]
      return isPlain ? [] : Object.entries(pick(each, name))
    })
  )
}
