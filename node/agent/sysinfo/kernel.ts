/** The kernel: version, command line, clock source. */
import { arch, machine, release, type, version } from 'node:os'
import { type Collector, read, readAll, redact } from './collector.ts'

export const kernel: Collector = {
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
      init: await read('/proc/1/comm')
    }
  }
}
