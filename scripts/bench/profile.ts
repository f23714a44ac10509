/** Where the processor time of daemons went, out of the profiles that Node wrote when they ended. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../bundle.ts'
import type { Window } from './mesh.ts'

/** Lines of each table. */
const LINES = 25
/** A sample is taken each ms; what is longer until the next one the process did not run, µs. */
const LONGEST = 2_000

/** As V8 writes it: times in µs, deltas to the sample before. */
export interface CpuProfile {
  nodes: Array<{ id: number; callFrame: { functionName: string; url: string; lineNumber: number } }>
  startTime: number
  samples: number[]
  timeDeltas: number[]
}

export interface DigestInit {
  /** Of the profiles, each named after its process. */
  folder: string
  /** The controller's process. */
  driver: number
  /** Samples outside of these are left out. */
  windows: Window[]
  /** How often what was measured happened. */
  times: number
}

/** @returns lines: for the controller and for the mean member, ms a time by package or file, and by function */
export async function digest({ folder, driver, windows, times }: DigestInit): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.cpuprofile'))
  const isDriver = (name: string) => name.split('.')[3] === String(driver)
  const lines: string[] = []
  for (const [who, theirs] of [
    ['the controller', names.filter(isDriver)],
    ['a member', names.filter(name => !isDriver(name))]
  ] as const) {
    const places = new Map<string, number>()
    const functions = new Map<string, number>()
    for (const name of theirs) {
      const profile = JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile
      for (const [frame, spent] of selfTimes(profile, windows)) {
        add(places, placeOf(frame.url, frame.functionName), spent)
        add(functions, `${frame.functionName || '(anonymous)'} ${placeOf(frame.url)}:${frame.lineNumber + 1}`, spent)
      }
    }
    const share = theirs.length * times * 1000
    if (share === 0) continue
    const total = [...places.values()].reduce((sum, each) => sum + each, 0)
    lines.push(`profile of ${who}: ${(total / share).toFixed(2)} ms each time, ${times} times`)
    lines.push(...table(places, share, total), '', ...table(functions, share, total), '')
  }
  return lines
}

type Frame = CpuProfile['nodes'][number]['callFrame']

/** @returns µs in which each function itself was running, within the windows; nearly, as samples are far apart */
export function selfTimes(
  { nodes, startTime, samples, timeDeltas }: CpuProfile,
  windows: Window[]
): Map<Frame, number> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const spent = new Map<Frame, number>()
  let at = startTime
  for (const [i, id] of samples.entries()) {
    // a sample stands for the time until the next one
    at += timeDeltas[i] as number
    const frame = frames.get(id) as Frame
    if (frame.functionName === '(idle)' || !windows.some(([from, to]) => at >= from && at < to)) continue
    add(spent, frame, Math.min(LONGEST, Math.max(0, timeDeltas[i + 1] ?? 0)))
  }
  return spent
}

/** @returns the package, or the file of ours; what has neither is named by V8 itself */
function placeOf(url: string, functionName = ''): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native code'
  if (!url.startsWith('file:')) return url
  const path = relative(root, fileURLToPath(url))
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  return name ?? path
}

function table(spent: Map<string, number>, share: number, total: number): string[] {
  const rows = [...spent].sort(([, one], [, other]) => other - one).slice(0, LINES)
  return rows.map(([name, time]) => {
    const percent = ((100 * time) / total).toFixed(1)
    return `  ${(time / share).toFixed(3).padStart(8)} ms ${percent.padStart(5)} %  ${name}`
  })
}

function add<K>(sums: Map<K, number>, key: K, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value)
}
