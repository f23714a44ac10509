/**
 * `npm run testnet endurance`: one short run after the other on three daemons, and what each daemon holds meanwhile: memory, files,
 * timers, what lies in its home. None of it may grow with the number of runs, but for the results.
 */
import { performance } from 'node:perf_hooks'
import type { SpecInput } from '../protocols/spec.ts'
import { type InMemoryEntry, Inside, insideEnv } from './inside.ts'
import { readOptions } from './options.ts'
import { runToEnd } from './runs.ts'
import { Testnet } from './testnet.ts'

const USAGE = `usage: npm run testnet endurance -- [--runs N] [--every N] [--snapshot]
Three daemons on loopback, one run after the other; fails where what a daemon holds grows with the runs.
  --runs N    how many runs (default 1000)
  --every N   how often what the daemons hold is looked at (default 100)
  --snapshot  leaves a picture of the driver's heap at the begin and at the end in the working folder`

const PEERS = ['n1', 'n2', 'n3']
/** It drives the runs. */
const [DRIVER = ''] = PEERS
const LIMIT = 60_000
/** Part of the runs in which what is bounded may still fill: what is remembered of 64 runs, code that is compiled. */
const WARM = 0.2

/** Growth that is one, of the median daemon's value over so many runs as there are, and a little for noise. */
const LIMITS: Record<Exclude<keyof InMemoryEntry, 'peer' | 'runs'>, { unit: string; each: number; noise: number }> = {
  heap: { unit: 'MiB', each: 0.002, noise: 1 },
  outside: { unit: 'MiB', each: 0.002, noise: 2 },
  pss: { unit: 'MiB', each: 0.01, noise: 12 },
  files: { unit: '', each: 0, noise: 3 },
  // what may take a minute has one; the faster the runs the more there are
  timers: { unit: '', each: 0.2, noise: 150 },
  home: { unit: 'KiB', each: 0, noise: 64 }
}

export interface Endured {
  looks: InMemoryEntry[]
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
    const looks: InMemoryEntry[] = []
    const look = async (done: number) => {
      const held = await Promise.all(inside.map(each => each.look(done)))
      looks.push(...held)
      for (const each of held) say(inWords(each))
    }
    const picture = async (when: string) => {
      if (snapshot) await inside[0]?.picture(`endurance-${when}.heapsnapshot`)
    }
    const began = performance.now()
    for (let done = 1; done <= runs; done++) {
      const { ended } = await runToEnd(testnet, DRIVER, specOf(done), { limit: LIMIT })
      if (ended.verdict !== 'ok') throw new Error(`run ${done} ended ${ended.verdict}: ${ended.reason}`)
      if (done % every === 0 || done === runs) await look(done)
      if (done === Math.ceil(runs * WARM)) await picture('begin')
    }
    await picture('end')
    say(`${runs} runs in ${((performance.now() - began) / 1000).toFixed(0)} s`)
    const asked = performance.now()
    const { status } = await testnet.bak(DRIVER, ['ls'])
    const ls = performance.now() - asked
    // a picture of the heap takes memory that its daemon keeps
    const grown = growths(snapshot ? looks.map(each => ({ ...each, pss: 0 })) : looks)
    return { looks, ls, problems: [...(status === 0 ? [] : [`bak ls ended with ${status}`]), ...grown] }
  } finally {
    await testnet.stop()
  }
}

/** Some with a tool and two samples, so that there are tarballs, too. */
const specOf = (run: number): SpecInput => ({
  command: ['true'],
  name: 'endurance',
  sysinfo: 'none',
  ...(run % 5 === 0 ? { tools: ['proc'], samples: 2 } : { tools: [] })
})

/** @returns what grew with the runs, in words; the part in which it may is left out. Pure. */
export function growths(looks: InMemoryEntry[]): string[] {
  const last = Math.max(...looks.map(({ runs }) => runs))
  return [...Map.groupBy(looks, ({ peer }) => peer)].flatMap(([peer, all]) => {
    const warm = all.filter(({ runs }) => runs >= last * WARM)
    const [early, late] = [warm.slice(0, Math.ceil(warm.length / 3)), warm.slice(-Math.ceil(warm.length / 3))]
    const [first, end] = [early, late].map(each => mean(each.map(({ runs }) => runs))) as [number, number]
    return Object.entries(LIMITS).flatMap(([what, { unit, each, noise }]) => {
      const of = (part: InMemoryEntry[]) => mean(part.map(held => held[what as keyof typeof LIMITS]))
      const grown = of(late) - of(early)
      if (grown <= (end - first) * each + noise) return []
      return [`${what} of ${peer} grew by ${`${grown.toFixed(1)} ${unit}`.trim()} from run ${first} to run ${end}`]
    })
  })
}

const mean = (values: number[]) => values.reduce((sum, each) => sum + each, 0) / values.length

function inWords({ peer, runs, heap, outside, pss, files, timers, home }: InMemoryEntry): string {
  const memory = `heap ${heap.toFixed(2)} MiB, outside ${outside.toFixed(2)} MiB, PSS ${pss.toFixed(1)} MiB`
  return `${String(runs).padStart(5)} ${peer} ${memory}, ${files} files, ${timers} timers, home ${home.toFixed(0)} KiB`
}
