/** The kernel: version, command line, clock source. */
import { arch, machine, release, type, version } from 'node:os'
import { type Collector, read, readAll, redact } from './collector.ts'

const CLOCKSOURCE = '/sys/devices/system/clocksource/clocksource0'

export const kernel: Collector = {
  collect: async () => ({
    uname: { type: type(), release: release(), version: version(), machine: machine(), arch: arch() },
    version: await read('/proc/version'),
    cmdline: redact((await read('/proc/cmdline')) ?? ''),
    tainted: await read('/proc/sys/kernel/tainted'),
    clocksource: await readAll(CLOCKSOURCE, ['current_clocksource', 'available_clocksource']),
    init: await read('/proc/1/comm')
  })
}
