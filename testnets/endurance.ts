/**
 * `npm run testnet endurance`: many short runs in a row on three daemons, whose resources are measured: memory, open files, timers,
 * bytes in the home. Nothing but the results may grow with the number of runs.
 */
import { performance } from 'node:perf_hooks'
import type { SpecInput } from '../protocols/spec.ts'
import { Inside, insideEnv, type ResourceUsage } from './inside.ts'
import { readOptions } from './options.ts'
import { runToEnd } from './runs.ts'
import { Testnet } from './testnet.ts'

const USAGE = `usage: npm run testnet endurance -- [--runs N] [--every N] [--snapshot]
Three daemons on loopback, many runs in a row; fails where a resource of a daemon grows with the runs.
  --runs N    how many runs (default 1000)
  --every N   runs between two measurements (default 100)
  --snapshot  writes a heap snapshot of the driver at the begin and at the end, to the working folder`

const PEERS = ['n1', 'n2', 'n3']
/** It drives the runs. */
const [DRIVER = ''] = PEERS
const RUN_TIMEOUT_MS = 60_000
/** First part of the runs, in which bounded caches may still fill and code is compiled. */
const WARM_UP_PART = 0.2

/** Growth that is tolerated: for each run, and for noise in all. */
const LIMITS: Record<Exclude<keyof ResourceUsage, 'peer' | 'runs'>, { unit: string; each: number; noise: number }> = {
  heap: { unit: 'MiB', each: 0.002, noise: 1 },
  outside: { unit: 'MiB', each: 0.002, noise: 2 },
  pss: { unit: 'MiB', each: 0.01, noise: 12 },
  files: { unit: '', each: 0, noise: 3 },
  // timeouts of up to a minute outlive their run; the faster the runs the more there are
  timers: { unit: '', each: 0.2, noise: 150 },
  home: { unit: 'KiB', each: 0, noise: 64 }
}

export interface Endured {
  measurements: ResourceUsage[]
  /** ms that `bak ls` took at the end. */
  ls: number
  problems: string[]
}

export async function main(args: string[]): Promise<void> {
  const options = readOptions(args, USAGE, {
    runs: { is: 'number', default: 1_000, least: 10, most: 100_000 },
    every: { is: 'number', default: 100, least: 1, most: 10_000 },
    snapshot: { is: 'switch' }
  })
  const say = (text: string) => void process.stdout.write(`${text}\n`)
  const { ls, problems } = await endurance(options, say)
  say(`bak ls with ${options.runs} runs: ${ls.toFixed(0)} ms`)
  for (const each of problems) say(`WRONG: ${each}`)
  process.exitCode = problems.length > 0 ? 1 : 0
}

export async function endurance(
  { runs, every, snapshot }: { runs: number; every: number; snapshot?: boolean },
  say: (text: string) => void
): Promise<Endured> {
  const testnet = await Testnet.start({ peers: PEERS, args: () => ['--log', 'error'], env: insideEnv() })
  try {
    const inside = PEERS.map(name => new Inside(testnet, name))
    const measurements: ResourceUsage[] = []
    const measure = async (done: number) => {
      const measured = await Promise.all(inside.map(each => each.measure(done)))
      measurements.push(...measured)
      for (const each of measured) say(inWords(each))
    }
    const takeSnapshot = async (when: string) => {
      if (snapshot) await inside[0]?.snapshot(`endurance-${when}.heapsnapshot`)
    }
    const began = performance.now()
    for (let done = 1; done <= runs; done++) {
      const { ended } = await runToEnd(testnet, DRIVER, specOf(done), { limit: RUN_TIMEOUT_MS })
      if (ended.verdict !== 'ok') throw new Error(`run ${done} ended ${ended.verdict}: ${ended.reason}`)
      if (done % every === 0 || done === runs) await measure(done)
      if (done === Math.ceil(runs * WARM_UP_PART)) await takeSnapshot('begin')
    }
    await takeSnapshot('end')
    say(`${runs} runs in ${((performance.now() - began) / 1000).toFixed(0)} s`)
    const asked = performance.now()
    const { status } = await testnet.bak(DRIVER, ['ls'])
    const ls = performance.now() - asked
    // a heap snapshot takes memory that the daemon keeps
    const grown = growths(snapshot ? measurements.map(each => ({ ...each, pss: 0 })) : measurements)
    return { measurements, ls, problems: [...(status === 0 ? [] : [`bak ls ended with ${status}`]), ...grown] }
  } finally {
    await testnet.stop()
  }
}

/** Every fifth with a tool and two samples, so that there are tarballs, too. */
const specOf = (run: number): SpecInput => ({
  command: ['true'],
  name: 'endurance',
  sysinfo: 'none',
  ...(run % 5 === 0 ? { tools: ['proc'], samples: 2 } : { tools: [] })
})

/** @returns what grew with the runs after the warm-up, in words. Pure. */
export function growths(measurements: ResourceUsage[]): string[] {
  const last = Math.max(...measurements.map(({ runs }) => runs))
  return [...Map.groupBy(measurements, ({ peer }) => peer)].flatMap(([peer, all]) => {
    const warm = all.filter(({ runs }) => runs >= last * WARM_UP_PART)
    const [early, late] = [warm.slice(0, Math.ceil(warm.length / 3)), warm.slice(-Math.ceil(warm.length / 3))]
    const [first, end] = [early, late].map(each => mean(each.map(({ runs }) => runs))) as [number, number]
    return Object.entries(LIMITS).flatMap(([what, { unit, each, noise }]) => {
      const of = (part: ResourceUsage[]) => mean(part.map(usage => usage[what as keyof typeof LIMITS]))
      const grown = of(late) - of(early)
      if (grown <= (end - first) * each + noise) return []
      return [`${what} of ${peer} grew by ${`${grown.toFixed(1)} ${unit}`.trim()} from run ${first} to run ${end}`]
    })
  })
}

const mean = (values: number[]) => values.reduce((sum, each) => sum + each, 0) / values.length

function inWords({ peer, runs, heap, outside, pss, files, timers, home }: ResourceUsage): string {
  const memory = `heap ${heap.toFixed(2)} MiB, outside ${outside.toFixed(2)} MiB, PSS ${pss.toFixed(1)} MiB`
  return `${String(runs).padStart(5)} ${peer} ${memory}, ${files} files, ${timers} timers, home ${home.toFixed(0)} KiB`
}
