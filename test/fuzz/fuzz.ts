/** Feeds one target with inputs, and reports the outcomes. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import type { Target } from './target.ts'
import type { World } from './world.ts'

interface FuzzOptions {
  inputs: number
  seed?: number
  /** Of a counterexample, to reproduce it. */
  path?: string
  /** Ms, after which it ends without a failure. */
  time?: number
}

export interface Fuzzed {
  name: string
  seed: number
  inputs: number
  took: number
  /** Outcomes by code. */
  codes: Map<string, number>
  /** Growth of the heap since the first quarter of the inputs, bytes. */
  growth: number
  /** The smallest input that shows a bug, and how to reproduce it. */
  failure?: string
}

/** More is a leak: 84 bytes for each of 100,000 inputs. */
export const MAX_GROWTH_BYTES = 8 * 2 ** 20
/** After this, state with a lifetime has been dropped. */
const SETTLE_MS = 20_000
/** Characters of an input in a message: its path reproduces it whole. */
const MAX_SHOWN = 4_000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

export async function fuzz(world: World, target: Target, options: FuzzOptions): Promise<Fuzzed> {
  const codes = new Map<string, number>()
  const began = performance.now()
  let count = 0
  let base = 0
  const property = fc.asyncProperty(target.inputs(world), async input => {
    const found = await target.feed(world, input)
    for (const code of found) codes.set(code, (codes.get(code) ?? 0) + 1)
    const wrong = found.find(code => code !== 'ok' && !(target.refusals as string[]).includes(code))
    if (wrong != null) throw new Error(`refused with ${wrong}`)
    if (world.problems.length > 0) throw new Error(world.problems.splice(0).join('\n'))
    // by then everything that is created once exists
    if (++count === Math.ceil(options.inputs / 4)) base = await heap()
  })
  const { seed, path, time } = options
  const limit = time == null ? {} : { interruptAfterTimeLimit: time, markInterruptAsFailure: false }
  const details = await fc.check(property, { numRuns: options.inputs, seed, path, ...limit })
  const took = performance.now() - began
  const growth = base === 0 ? 0 : await grown(base)
  // without a counterexample it was only interrupted, perhaps before the first input
  const failure = details.counterexample == null ? undefined : tell(target, details)
  return { name: target.name, seed: details.seed, inputs: details.numRuns, took, codes, growth, failure }
}

/** Waits for state with a lifetime to be dropped. */
async function grown(base: number): Promise<number> {
  const first = (await heap()) - base
  if (first < MAX_GROWTH_BYTES) return first
  await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
  return (await heap()) - base
}

/** @returns bytes in use after a garbage collection */
async function heap(): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, 20))
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function tell(target: Target, details: fc.RunDetails<[unknown]>): string {
  const again = `npm run fuzz -- ${target.name} --seed ${details.seed} --path ${details.counterexamplePath}`
  const why = (details.errorInstance as Error | null)?.stack ?? 'no reason'
  return `${fc.stringify(details.counterexample?.[0]).slice(0, MAX_SHOWN)}\n${why}\nreproduce: ${again}`
}
