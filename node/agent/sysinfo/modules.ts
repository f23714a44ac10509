/** Modules that are loaded, or that the kernel was built with and that have parameters. */
import { type Collector, list, read, readAll } from './collector.ts'

const SYS = '/sys/module'
const MAX_MODULES = 1024
const MAX_PARAMETERS = 64

export const modules: Collector = {
  async collect({ cut, signal }) {
    const loaded = new Set(((await read('/proc/modules')) ?? '').split('\n').flatMap(line => line.split(' ')[0] || []))
    const names = await list(SYS)
    if (names.length > MAX_MODULES) cut(`the first ${MAX_MODULES} of ${names.length} modules`)
    const found: object[] = []
    for (const name of names.slice(0, MAX_MODULES)) {
      if (signal.aborted) {
        cut(`the first ${found.length} of ${names.length} modules`)
        break
      }
      const parameters = await list(`${SYS}/${name}/parameters`)
      const isBuiltIn = !loaded.has(name)
      // what is built in and has none says nothing that the configuration of the kernel does not say
      if (isBuiltIn && parameters.length === 0) continue
      found.push({
        name,
        ...(isBuiltIn ? { builtIn: true } : {}),
        ...(await readAll(`${SYS}/${name}`, ['version', 'srcversion'])),
        parameters: await readAll(`${SYS}/${name}/parameters`, parameters.slice(0, MAX_PARAMETERS))
      })
    }
    return { loaded: [...loaded].sort(), modules: found }
  }
}
