/** A line for each member: how its processors, run queue, memory, busiest disk and network went, and how much that was. Pure. */
import { formatTable } from '../../protocols/text-table.ts'
import { formatValue } from '../format-value.ts'
import type { Measured } from './measure.ts'
import { type Resource, type ResourceName, resources } from './resources.ts'
import { sparkline } from './sparkline.ts'

/** In the order of the columns. */
export const SHOWN = ['cpu', 'queue', 'memory', 'disk', 'network'] as const satisfies ResourceName[]
const HEAD: Record<(typeof SHOWN)[number], string> = {
  cpu: 'CPU',
  queue: 'QUEUE',
  memory: 'MEMORY',
  disk: 'DISK',
  network: 'NETWORK'
}
/** Lines of a large run: the members whose processors were busiest. */
const MAX_MEMBERS = 40
/** Characters of a line; what is narrower says nothing. */
const LEAST = 4
const MOST = 24
const DIGITS = 2

/** One resource of a member in all samples. */
interface Cell {
  parts: Measured[]
  value: string
  device?: string | undefined
}

/** @returns a table as wide as `width`, without what was not measured; '' where nothing was */
export function memberLines(measured: Measured[], width: number): string {
  const byMember = Map.groupBy(
    measured.filter(each => (SHOWN as ResourceName[]).includes(each.resource)),
    ({ member }) => member
  )
  const busy = (member: string) => wholeOf(partsOf(byMember.get(member) ?? [], 'cpu'), 'cpu') ?? 0
  const members = [...byMember.keys()]
  const shown =
    members.length <= MAX_MEMBERS ? members : members.toSorted((a, b) => busy(b) - busy(a)).slice(0, MAX_MEMBERS)
  if (shown.length === 0) return ''
  const names = SHOWN.filter(name => measured.some(({ resource }) => resource === name))
  const rows = shown.map(member => ({ member, cells: names.map(name => cellOf(byMember.get(member) ?? [], name)) }))
  const columns = names.map((name, i) =>
    columnOf(
      name,
      topOf(measured, name),
      rows.map(({ cells }) => cells[i] as Cell)
    )
  )
  const length = lineLength(width, Math.max('MEMBER'.length, ...shown.map(each => each.length)), columns)
  const table = formatTable(
    ['MEMBER', ...columns.map(({ head }) => head)],
    rows.map(({ member, cells }) => [member, ...cells.map((cell, i) => textOf(cell, columns[i] as Column, length))]),
    width
  )
  const more = members.length - shown.length
  return more === 0 ? table : `${table}\n${more} more members, whose processors were less busy: bak metrics has all`
}

/** Each column has one scale, so that members can be compared. */
export const SCALES =
  'Lines: all samples in a row, up to 100 % or to the highest of all members. Numbers: means, of QUEUE the maximum.'

function cellOf(all: Measured[], name: ResourceName): Cell {
  const parts = partsOf(all, name)
  const value = wholeOf(parts, name)
  if (value == null) return { parts, value: '' }
  const device = parts[0]?.device
  return { parts, value: formatValue(value, resources[name].unit, DIGITS), device }
}

const partsOf = (all: Measured[], name: ResourceName) => all.filter(({ resource }) => resource === name)

/** Over all points of all samples. */
function wholeOf(parts: Measured[], name: ResourceName): number | undefined {
  if (parts.length === 0) return undefined
  if (resources[name].number === 'max') return parts.reduce((most, { value }) => Math.max(most, value), 0)
  const points = parts.reduce((sum, { v }) => sum + v.length, 0)
  return parts.reduce((sum, { value, v }) => sum + value * v.length, 0) / points
}

function topOf(measured: Measured[], name: ResourceName): number {
  const { full }: Resource = resources[name]
  if (full != null) return full
  const values = partsOf(measured, name).map(({ v }) => v.reduce((most, each) => Math.max(most, each), 0))
  return values.reduce((most, each) => Math.max(most, each), 0)
}

interface Column {
  head: string
  /** The value of the highest place of a line. */
  top: number
  /** Characters of the longest number, and of what is behind it. */
  numbers: number
  behind: number
}

/** The device that all members have is in the head. */
function columnOf(name: (typeof SHOWN)[number], top: number, cells: Cell[]): Column {
  const devices = new Set(cells.flatMap(({ value, device }) => (value === '' ? [] : [device ?? ''])))
  const [only = ''] = devices
  const numbers = Math.max(...cells.map(({ value }) => value.length))
  if (devices.size <= 1) return { head: `${HEAD[name]} ${only}`.trim(), top, numbers, behind: 0 }
  return { head: HEAD[name], top, numbers, behind: 1 + Math.max(...cells.map(({ device = '' }) => device.length)) }
}

function textOf({ parts, value, device = '' }: Cell, { top, numbers, behind }: Column, length: number) {
  if (value === '') return undefined
  const number = `${value.padStart(numbers)}${behind === 0 ? '' : ` ${device}`}`
  return length === 0 ? number : `${sparkline(parts, length, top).padEnd(length)} ${number}`
}

/** @returns how many characters each line may have, so that the table fits; 0 where there is no room for any */
function lineLength(width: number, member: number, columns: Column[]): number {
  for (let length = MOST; length >= LEAST; length--) {
    const cells = columns.map(({ head, numbers, behind }) => Math.max(head.length, length + 1 + numbers + behind))
    const used = cells.reduce((sum, each) => sum + 2 + each, member)
    if (used <= width) return length
  }
  return 0
}
