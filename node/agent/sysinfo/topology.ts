/** Where each processor is: package, die, core and NUMA node, and which share a core. */
import { type Collector, list, readAll } from './collector.ts'

const SYS = '/sys/devices/system/cpu'
const FACTS = ['physical_package_id', 'die_id', 'cluster_id', 'core_id', 'thread_siblings_list']
const MAX_PROCESSORS = 2048

export const topology: Collector = {
  async collect({ cut, signal }) {
    const names = (await list(SYS)).filter(name => /^cpu\d+$/.test(name))
    if (names.length > MAX_PROCESSORS) cut(`the first ${MAX_PROCESSORS} of ${names.length} processors`)
    const processors: object[] = []
    for (const name of names.slice(0, MAX_PROCESSORS)) {
      if (signal.aborted) {
        cut(`the first ${processors.length} processors only`)
        break
      }
      const node = (await list(`${SYS}/${name}`)).find(each => /^node\d+$/.test(each))
      processors.push({ name, ...(await readAll(`${SYS}/${name}/topology`, FACTS)), node })
    }
    return {
      ...(await readAll(SYS, ['possible', 'present', 'online', 'offline', 'isolated', 'nohz_full'])),
      processors
    }
  }
}
