/** Modules that are loaded, or that the kernel was built with and that have parameters. */
import { inParallel } from '../../in-parallel.ts'
import { type Collector, list, read, readAll } from './collector.ts'

const SYS = '/sys/module'
const MAX_MODULES = 1024
const MAX_PARAMETERS = 64
/** Modules of which the files are read at the same time: one after the other each waits for its turn on a busy machine. */
const AT_ONCE = 8

export const modules: Collector = {
  async collect({ cut, signal }) {
    const loaded = new Set(((await read('/proc/modules')) ?? '').split('\n').flatMap(line => line.split(' ')[0] || []))
    const names = await list(SYS)
    if (names.length > MAX_MODULES) cut(`the first ${MAX_MODULES} of ${names.length} modules`)
    const found: Array<{ name: string; [fact: string]: unknown }> = []
    let passed = 0
    await inParallel(names.slice(0, MAX_MODULES), AT_ONCE, async name => {
      if (signal.aborted) {
        passed++
        return
      }
      const parameters = await list(`${SYS}/${name}/parameters`)
      const isBuiltIn = !loaded.has(name)
      // what is built in and has none says nothing that the configuration of the kernel does not say
      if (isBuiltIn && parameters.length === 0) return
      found.push({
        name,
        ...(isBuiltIn ? { builtIn: true } : {}),
        ...(await readAll(`${SYS}/${name}`, ['version', 'srcversion'])),
        parameters: await readAll(`${SYS}/${name}/parameters`, parameters.slice(0, MAX_PARAMETERS))
      })
    })
    if (passed > 0) cut(`without ${passed} of ${names.length} modules`)
    return { loaded: [...loaded].sort(), modules: found.sort((a, b) => (a.name < b.name ? -1 : 1)) }
  }
}
