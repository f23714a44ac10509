/** Memory: sizes, swap, huge pages. */
import { type Collector, list, pairsOf, read, readAll } from './collector.ts'

const HUGEPAGES = ['enabled', 'defrag', 'shmem_enabled']

export const memory: Collector = {
  collect: async () => ({
    meminfo: pairsOf((await read('/proc/meminfo')) ?? ''),
    swaps: ((await read('/proc/swaps')) ?? '').split('\n').slice(1),
    transparentHugepages: await readAll('/sys/kernel/mm/transparent_hugepage', HUGEPAGES),
    ksm: await read('/sys/kernel/mm/ksm/run'),
    hugepages: await hugepages()
  })
}

/** Pools of huge pages, by the size of their pages. */
async function hugepages() {
  const folder = '/sys/kernel/mm/hugepages'
  const facts = ['nr_hugepages', 'free_hugepages', 'resv_hugepages', 'surplus_hugepages', 'nr_overcommit_hugepages']
  const pools = (await list(folder)).map(async name => [name, await readAll(`${folder}/${name}`, facts)])
  return Object.fromEntries(await Promise.all(pools))
}
