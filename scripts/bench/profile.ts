/** Where the processor time of daemons went, out of the profiles that Node wrote when they ended. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../bundle.ts'
import { groupOf, type ProfileNode } from './groups.ts'
import type { Looked, Window } from './mesh.ts'

/** Lines of each table. */
const MAX_LINES = 25
/** Between two samples: every ms in each of 65 daemons would take more processor time than what is measured. */
export const SAMPLE_US = 8_000
/** Where the next sample comes later than this, the process did not run in between. */
const MAX_SAMPLE_US = 2 * SAMPLE_US

/** As V8 writes it: times in µs, deltas to the sample before. */
export interface CpuProfile {
  nodes: ProfileNode[]
  startTime: number
  samples: number[]
  timeDeltas: number[]
}

export interface DigestInit {
  /** Of the profiles, each named after its process. */
  folder: string
  /** The controller's process. */
  driver: number
  /** What was measured; samples outside of its windows are left out. */
  looked: Map<string, Looked>
}

/** Where the processor time of one thing that was measured went. */
export interface Profiled {
  what: string
  times: number
  /** ms that it took each time. */
  elapsed: number
  /** ms each time, of the controller and of all members together. */
  groups: Group[]
  /** ms a time by package or file, and by function, for the controller and for the mean member. */
  lines: string[]
}

export interface Group {
  name: string
  controller: number
  members: number
}

/** µs by group, by package or file, and by function. */
class Sums {
  readonly groups = new Map<string, number>()
  readonly places = new Map<string, number>()
  readonly functions = new Map<string, number>()
  processes = 0

  count(profile: CpuProfile, windows: Window[]): void {
    const parents = new Map(profile.nodes.flatMap(node => (node.children ?? []).map(id => [id, node] as const)))
    this.processes++
    for (const [node, spent] of selfTimes(profile, windows)) {
      const { functionName, url, lineNumber } = node.callFrame
      const chain = [node]
      for (let above = parents.get(node.id); above != null; above = parents.get(above.id)) chain.push(above)
      add(this.groups, groupOf(chain, pathOf), spent)
      add(this.places, placeOf(url, functionName), spent)
      add(this.functions, `${functionName || '(anonymous)'} ${placeOf(url)}:${lineNumber + 1}`, spent)
    }
  }
}

export async function digest({ folder, driver, looked }: DigestInit): Promise<Profiled[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.cpuprofile'))
  const all = [...looked].map(([what, { windows, times }]) => {
    const elapsed = windows.reduce((sum, [from, to]) => sum + to - from, 0) / (times * 1000)
    return { what, windows, times, elapsed, controller: new Sums(), members: new Sums() }
  })
  for (const name of names) {
    const profile = JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile
    const isDriver = name.split('.')[3] === String(driver)
    for (const each of all) (isDriver ? each.controller : each.members).count(profile, each.windows)
  }
  return names.length === 0 ? [] : all.map(profiledOf)
}

function profiledOf(seen: Omit<Profiled, 'groups' | 'lines'> & { controller: Sums; members: Sums }): Profiled {
  const { what, times, elapsed, controller, members } = seen
  const groups = [...new Set([...controller.groups.keys(), ...members.groups.keys()])].map(name => {
    const each = (sums: Sums) => (sums.groups.get(name) ?? 0) / (times * 1000)
    return { name, controller: each(controller), members: each(members) }
  })
  const most = (group: Group) => group.controller + group.members
  const lines = [
    ...linesOf(`profile of the controller: ${what}`, controller, times),
    ...linesOf(`profile of a member: ${what}`, members, times)
  ]
  return { what, times, elapsed, groups: groups.sort((one, other) => most(other) - most(one)), lines }
}

function linesOf(title: string, { places, functions, processes }: Sums, times: number): string[] {
  const share = processes * times * 1000
  if (share === 0) return []
  const total = [...places.values()].reduce((sum, each) => sum + each, 0)
  const head = `${title}, ${(total / share).toFixed(2)} ms each time, ${times} times`
  return [head, ...table(places, share, total), '', ...table(functions, share, total), '']
}

/** @returns µs in which each function itself was running, within the windows; nearly, as samples are far apart */
export function selfTimes(
  { nodes, startTime, samples, timeDeltas }: CpuProfile,
  windows: Window[]
): Map<ProfileNode, number> {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const spent = new Map<ProfileNode, number>()
  let at = startTime
  for (const [i, id] of samples.entries()) {
    // a sample stands for the time until the next one
    at += timeDeltas[i] as number
    const node = byId.get(id) as ProfileNode
    if (node.callFrame.functionName === '(idle)' || !windows.some(([from, to]) => at >= from && at < to)) continue
    add(spent, node, Math.min(MAX_SAMPLE_US, Math.max(0, timeDeltas[i + 1] ?? 0)))
  }
  return spent
}

/** @returns the package, or the file of ours; what has neither is named by V8 itself */
function placeOf(url: string, functionName = ''): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native code'
  const path = pathOf(url)
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  return name ?? path
}

const pathOf = (url: string) => (url.startsWith('file:') ? relative(root, fileURLToPath(url)) : url)

function table(spent: Map<string, number>, share: number, total: number): string[] {
  const rows = [...spent].sort(([, one], [, other]) => other - one).slice(0, MAX_LINES)
  return rows.map(([name, time]) => {
    const percent = ((100 * time) / total).toFixed(1)
    return `  ${(time / share).toFixed(3).padStart(8)} ms ${percent.padStart(5)} %  ${name}`
  })
}

function add<K>(sums: Map<K, number>, key: K, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value)
}
