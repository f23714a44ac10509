/**
 * Where this process is in the hierarchies of cgroups, from what the kernel shows: cgroups(7). Pure. A machine may have one hierarchy
 * with all controllers (v2), one for each (v1), or those and one without controllers (hybrid).
 */

import { type Mount, mountsOf } from './mounts.ts'

export const CONTROLLERS = ['memory', 'pids', 'cpu', 'io'] as const
export type Controller = (typeof CONTROLLERS)[number]

export interface CgroupPlaces {
  /** The folder of this process's cgroup in v2. */
  unified?: string
  /** The same in v1, by what it controls. */
  v1: { [C in Controller]?: string }
}

/** The name of a controller in v1, where it differs. */
const V1_NAMES: Record<string, Controller> = { memory: 'memory', pids: 'pids', cpu: 'cpu', blkio: 'io' }

/** @param mountinfo the text of /proc/self/mountinfo @param cgroup the text of /proc/self/cgroup */
export function cgroupPlaces(mountinfo: string, cgroup: string): CgroupPlaces {
  const mounts = mountsOf(mountinfo)
  const places: CgroupPlaces = { v1: {} }
  for (const line of cgroup.split('\n')) {
    const [, id, names = '', path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? []
    if (path == null) continue
    const controllers = names.split(',')
    const mount = mounts.find(each =>
      id === '0' && names === ''
        ? each?.type === 'cgroup2'
        : each?.type === 'cgroup' && each.options.includes(controllers[0] as string)
    )
    const folder = mount && folderIn(mount, path)
    if (folder == null) continue
    if (mount?.type === 'cgroup2') places.unified = folder
    for (const name of controllers) if (V1_NAMES[name] != null) places.v1[V1_NAMES[name]] = folder
  }
  return places
}

/** A mount may show a part of the hierarchy only, as in a container. */
function folderIn({ root, point }: Mount, path: string): string | undefined {
  const below =
    root === '/' ? path : path === root ? '/' : path.startsWith(`${root}/`) ? path.slice(root.length) : undefined
  if (below == null || below.includes('/..')) return undefined
  return below === '/' ? point : `${point}${below}`
}
