/** Control groups: which version, which controllers, and the limits that this daemon is under. */
import { type Collector, read, readAll } from './collector.ts'

export const cgroups: Collector = {
  async collect() {
    const mounts = ((await read('/proc/self/mounts')) ?? '').split('\n').filter(line => / cgroup2? /.test(line))
    const own = (await read('/proc/self/cgroup')) ?? ''
    const folder = mounts.find(line => line.includes(' cgroup2 '))?.split(' ')[1]
    const path = /^0::(.*)$/m.exec(own)?.[1] ?? '/'
    return {
      version: folder == null ? (mounts.length > 0 ? 1 : undefined) : mounts.length > 1 ? 'both' : 2,
      controllers: folder && (await read(`${folder}/cgroup.controllers`)),
      delegated: folder && (await read(`${folder}/cgroup.subtree_control`)),
      path,
      limits: folder == null ? [] : await limitsAbove(folder, path)
    }
  }
}

const LIMITS = [
  ...['cpu.max', 'cpu.weight', 'cpuset.cpus.effective', 'cpuset.mems.effective'],
  ...['memory.max', 'memory.high', 'memory.swap.max', 'io.max', 'pids.max']
]

/** Of the daemon's own group and of each above it: the tightest holds. */
async function limitsAbove(folder: string, path: string) {
  const parts = path.split('/').filter(part => part !== '')
  const groups = parts.map((_, i) => parts.slice(0, i + 1).join('/')).slice(0, 16)
  return Promise.all(groups.map(async (group, level) => ({ level, ...(await readAll(`${folder}/${group}`, LIMITS)) })))
}
