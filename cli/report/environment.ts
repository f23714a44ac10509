/** The machines of the members as they were at the beginning of a run: what of their snapshots tells a reader where it was measured. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sysinfoFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import { type Facts, factsOf } from '../../protocols/sysinfo/comparable-facts.ts'
import { groupsOf } from '../../protocols/sysinfo/differences.ts'
import { ITEMS } from '../../protocols/sysinfo/items.ts'
import { formatBytes } from '../format.ts'
import type { Table } from './report-data.ts'

/** Of one file of a snapshot. */
const MAX_FILE_BYTES = 4 * 1024 * 1024
/** Members that one row names. */
const MAX_MEMBERS = 8

/** The facts that are shown, in this order; the folder of the result has all of them. */
const SHOWN = [
  /^os\.release\.PRETTY_NAME$/,
  /^kernel\.uname\.(release|machine)$/,
  /^kernel\.(cmdline|clocksource\.current_clocksource)$/,
  /^cpu\.(model|microcode|processors|sockets|cores|boost|noTurbo|governors.*|smt\/control|isolated|nohz_full)$/,
  /^memory\.(meminfo\.MemTotal|meminfo\.SwapTotal|transparentHugepages\.enabled)$/,
  /^numa\.[^.]*$/,
  /^virtualization\./,
  /^mitigations\./,
  /^disks\.devices\.[^.]+\.(model|size|rotational|scheduler|nr_requests|read_ahead_kb|write_cache)$/,
  /^disks\.mounts\.[^.]+\.(type|options)$/,
  /^network\.interfaces\.[^.]+\.(driver|speed|mtu)$/,
  /^packages\./
]

export type Machines = Map<string, Facts>

/** @returns the facts of each member of which the result has a snapshot */
export async function readMachines(folder: string, members: string[]): Promise<Machines> {
  const machines: Machines = new Map()
  for (const member of members) {
    const texts: Array<[string, string]> = []
    for (const { file } of Object.values(ITEMS)) {
      const path = join(folder, sysinfoFolder('begin', member), file)
      const { size } = await stat(path).catch(() => ({ size: Number.POSITIVE_INFINITY }))
      if (size > MAX_FILE_BYTES) continue
      // what is no file of its own, such as a link, is left alone
      const content = await readPlain(path).catch(() => undefined)
      if (content != null) texts.push([file, content.toString()])
    }
    const facts = factsOf(texts)
    if (facts.size > 0) machines.set(member, facts)
  }
  return machines
}

/** @returns a row for each value of a fact; members that are alike are in one */
export function environmentTable(machines: Machines): Table {
  const names = [...new Set([...machines.values()].flatMap(facts => [...facts.keys()]))]
  const placed = names.map(name => ({ name, place: SHOWN.findIndex(each => each.test(name)) }))
  const shown = placed.filter(({ place }) => place >= 0).sort((a, b) => a.place - b.place)
  const rows = shown.flatMap(({ name }) => {
    const groups = groupsOf([...machines].map(([member, facts]) => [member, facts.get(name)]))
    return groups.map(({ value = '-', members }) => [
      name,
      value,
      groups.length === 1 ? 'all' : listInWords(members, MAX_MEMBERS)
    ])
  })
  return { title: 'environment', head: ['fact', 'value', 'on'], rows }
}

/** @returns `23.8 GiB`, or nothing where it is not known */
export function memoryOf(facts: Facts | undefined): string | undefined {
  const [, kib] = /^(\d+) kB$/.exec(facts?.get('memory.meminfo.MemTotal') ?? '') ?? []
  return kib == null ? undefined : formatBytes(Number(kib) * 1024)
}
