/**
 * The facts by which the members of every run are compared: the few that explain most differences between numbers, and a digest of each
 * item of a snapshot, which says that two machines differ in it. All of it takes some milliseconds.
 */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { comparable, type Facts } from '../../../protocols/sysinfo/comparable-facts.ts'
import type { MachineFiles } from './machine-files.ts'
import { readState } from './read-noise.ts'

const CPU = '/sys/devices/system/cpu'
const DMI = '/sys/class/dmi/id'
/** Devices of a kind that are described. */
const MAX_DEVICES = 8
const MAX_VALUE = 200
/** Items of which each fact is told by itself. */
const WHOLE = ['os', 'kernel', 'cpu', 'firmware', 'virtualization', 'packages']

/** @returns facts by name, which begins with its item; without those that this machine does not show */
export function machineFacts(files: MachineFiles): Record<string, string> {
  const state = readState(files)
  const processor = files.text('/proc/cpuinfo')?.split('\n\n')[0] ?? ''
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(processor)?.[1]
  const release = files.text('/etc/os-release') ?? ''
  const facts: Record<string, string | undefined> = {
    'os.release': /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1],
    'kernel.release': files.text('/proc/sys/kernel/osrelease'),
    'kernel.cmdline': files.text('/proc/cmdline'),
    'kernel.clocksource': state.clocksource,
    'cpu.model': field('model name') ?? field('Model') ?? field('CPU part'),
    'cpu.microcode': field('microcode'),
    'cpu.processors': String(state.processors),
    'cpu.governor': [...new Set(state.governors)].join(' '),
    'cpu.driver': state.driver,
    'cpu.turbo': state.turbo == null ? undefined : state.turbo ? 'on' : 'off',
    'cpu.smt': state.smt?.control,
    'cpu.isolated': state.isolated,
    'memory.meminfo.MemTotal': `${Math.round(state.memory.size / 1024)} kB`,
    'memory.swap': state.swap.size === 0 ? 'none' : `${(state.swap.size / 1024 ** 3).toFixed(1)} GiB`,
    'memory.hugepages': state.hugepages,
    'memory.swappiness': state.swap.swappiness?.toString(),
    'numa.nodes': files.text('/sys/devices/system/node/online'),
    'cpu.mitigations': digestOf(vulnerabilities(files)),
    'firmware.product': [files.text(`${DMI}/sys_vendor`), files.text(`${DMI}/product_name`)].join(' ').trim(),
    'firmware.bios': files.text(`${DMI}/bios_version`),
    'network.interfaces': describeInterfaces(files),
    'disks.devices': describeDisks(files),
    'packages.node': process.version
  }
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value = '']) => {
      const shown = value === '' ? undefined : comparable(name, value)
      return shown == null ? [] : [[name, shown.slice(0, MAX_VALUE)]]
    })
  )
}

/** @returns a digest for each item whose facts are too many to tell them all */
export function digestsOf(facts: Facts): Record<string, string> {
  const byItem = Map.groupBy(facts, ([name]) => name.slice(0, name.indexOf('.')))
  return Object.fromEntries(
    [...byItem]
      .filter(([item]) => !WHOLE.includes(item))
      .map(([item, each]) => [`${item}.all`, digestOf(each.map(([name, value]) => `${name}=${value}`))])
  )
}

const digestOf = (lines: string[]) =>
  lines.length === 0 ? '' : `#${createHash('sha256').update(lines.sort().join('\n')).digest('hex').slice(0, 12)}`

function vulnerabilities(files: MachineFiles): string[] {
  const folder = `${CPU}/vulnerabilities`
  return files.list(folder, /./).map(name => `vulnerabilities.${name}=${files.text(`${folder}/${name}`)}`)
}

/** `virtio_net 10000 Mb/s mtu 1500`, for each that is a device; names and order are of each machine. */
function describeInterfaces(files: MachineFiles): string {
  const folder = '/sys/class/net'
  const found = files.list(folder, /^(?!lo$|veth|docker|br-|virbr|tap)/).flatMap(name => {
    const driver = files.text(`${folder}/${name}/device/uevent`)
    if (driver == null) return []
    const [, kind = 'device'] = /^DRIVER=(.*)$/m.exec(driver) ?? []
    const speed = files.number(`${folder}/${name}/speed`) ?? -1
    return `${kind}${speed > 0 ? ` ${speed} Mb/s` : ''} mtu ${files.text(`${folder}/${name}/mtu`)}`
  })
  return found.slice(0, MAX_DEVICES).sort().join(', ')
}

/** `vda 100 GB none`: name, size and scheduler of each disk. */
function describeDisks(files: MachineFiles): string {
  const folder = '/sys/block'
  const found = files.list(folder, /^(?!loop|ram|zram|dm-|md|sr|nbd)/).map(name => {
    const gigabytes = ((files.number(`${folder}/${name}/size`) ?? 0) * 512) / 1e9
    const [, scheduler = ''] = /\[(\S+)\]/.exec(files.text(`${folder}/${name}/queue/scheduler`) ?? '') ?? []
    const model = files.text(`${folder}/${name}/device/model`) ?? ''
    return `${basename(name)} ${gigabytes.toFixed(0)} GB ${model} ${scheduler}`.replace(/ +/g, ' ').trim()
  })
  return found.slice(0, MAX_DEVICES).join(', ')
}
