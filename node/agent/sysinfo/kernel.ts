/** The kernel: version, command line, modules. */
import { arch, machine, release, type, version } from 'node:os'
import { type Collector, list, read, readAll, redact } from './collector.ts'

export const kernel: Collector = {
  file: 'kernel.json',
  async collect() {
    return {
      uname: { type: type(), release: release(), version: version(), machine: machine(), arch: arch() },
      version: await read('/proc/version'),
      cmdline: redact((await read('/proc/cmdline')) ?? ''),
      tainted: await read('/proc/sys/kernel/tainted'),
      clocksource: await readAll('/sys/devices/system/clocksource/clocksource0', [
        'current_clocksource',
        'available_clocksource'
      ]),
      init: await read('/proc/1/comm'),
      modules: await modules()
    }
  }
}

async function modules(): Promise<string[]> {
  const text = (await read('/proc/modules')) ?? ''
  const loaded = text.split('\n').flatMap(line => line.split(' ')[0] || [])
  return loaded.length > 0 ? loaded.sort() : list('/sys/module')
}
