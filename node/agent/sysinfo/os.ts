/** The installed system, and the machine as its firmware names it. */
import { hostname, uptime } from 'node:os'
import { type Collector, pairsOf, read, readAll } from './collector.ts'

export const os: Collector = {
  async collect() {
    const release = pairsOf((await read('/etc/os-release')) ?? '', '=')
    return {
      hostname: hostname(),
      taken: new Date().toISOString(),
      /** Seconds. */
      uptime: uptime(),
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      release: Object.fromEntries(Object.entries(release).map(([name, value]) => [name, value.replace(/^"|"$/g, '')])),
      machine: await readAll('/sys/class/dmi/id', ['sys_vendor', 'product_name', 'bios_version', 'bios_date']),
      hypervisor: await read('/sys/hypervisor/type')
    }
  }
}
