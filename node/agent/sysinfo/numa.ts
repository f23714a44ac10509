/** NUMA nodes: processors, memory, distances. */
import { type Collector, list, pairsOf, read, readAll } from './collector.ts'

const NODES = '/sys/devices/system/node'

export const numa: Collector = {
  async collect() {
    const names = (await list(NODES)).filter(name => /^node\d+$/.test(name))
    return {
      ...(await readAll(NODES, ['online', 'has_cpu', 'has_memory'])),
      balancing: await read('/proc/sys/kernel/numa_balancing'),
      nodes: await Promise.all(names.map(describe))
    }
  }
}

async function describe(name: string) {
  const lines = ((await read(`${NODES}/${name}/meminfo`)) ?? '').replace(/^Node \d+ /gm, '')
  const meminfo = pairsOf(lines)
  return {
    name,
    ...(await readAll(`${NODES}/${name}`, ['cpulist', 'distance'])),
    memory: meminfo.MemTotal,
    free: meminfo.MemFree
  }
}
