/** blktrace: each request to block devices, from its queue to its end. */
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ifPossible, namesIn } from '../../if-possible.ts'
import { observingProgram, type Values } from '../observing-program.ts'
import { reasonOf, tryProgram } from '../try-program.ts'
import { inOwnMounts, whyNever, whyNotNow } from './own-mounts.ts'

const BLOCK = '/sys/block'
const MAX_DEVICES = 32

export const blktrace = observingProgram({
  name: 'blktrace',
  summary: 'each request to block devices, from its queue to its end',
  needs: {
    debian: 'blktrace',
    fedora: 'blktrace',
    privilege: 'root, and debugfs that may be written to (no lockdown)'
  },
  hasInterval: false,
  settings: [
    {
      name: 'devices',
      type: 'string',
      noPath: true,
      summary: 'such as sda,nvme0n1; by default all disks',
      check: text =>
        text.split(',').length <= MAX_DEVICES &&
        text.split(',').every(each => /^(\/dev\/)?[A-Za-z0-9][\w-]{0,63}$/.test(each))
          ? undefined
          : `expected up to ${MAX_DEVICES} names of block devices, with commas between them`
    }
  ],
  size: 256,
  files: [{ name: '<device>.blktrace.<cpu>', what: 'for blkparse -i <device>' }],
  argv: ({ values }) => ['blktrace', ...devicesOf(values).flatMap(path => ['-d', path])],
  asStarted: argv => inOwnMounts('debugfs', argv),
  grace: 10_000,
  async whyNot(values) {
    const devices = devicesOf(values)
    if (devices.length === 0) return 'this machine has no disks, only devices of the kernel'
    return devices.map(whyNoDevice).find(why => why != null) ?? whyNever('debugfs')
  },
  async tryOut({ values }) {
    const why = await whyNotNow('debugfs')
    if (why != null) return why
    // it makes a trace for a second, and takes it away again: nothing less shows the rights that it needs
    const [device = ''] = devicesOf(values)
    const folder = await mkdtemp(join(tmpdir(), 'bak-blktrace-'))
    const argv = ['blktrace', '-d', device, '-w', '1', '-D', folder]
    const tried = await tryProgram(await inOwnMounts('debugfs', argv), { timeout: 5_000 })
    await rm(folder, { recursive: true, force: true })
    return tried.isDone ? undefined : reasonOf(tried)
  }
})

/** Disks have a device behind them; loop, ram and zram have none. */
function devicesOf({ devices }: Values): string[] {
  if (devices != null) return `${devices}`.split(',').map(each => (each.startsWith('/') ? each : `/dev/${each}`))
  return namesIn(BLOCK)
    .filter(name => existsSync(join(BLOCK, name, 'device')))
    .slice(0, MAX_DEVICES)
    .map(name => `/dev/${name.replaceAll('!', '/')}`)
}

function whyNoDevice(path: string): string | undefined {
  const found = ifPossible(() => statSync(path))
  if (found == null) return `there is no ${path}`
  return found.isBlockDevice() ? undefined : `${path} is no block device`
}
