/** Feeds one door with inputs, and says what became of them. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import type { Target } from './target.ts'
import type { World } from './world.ts'

export interface FuzzOptions {
  inputs: number
  seed?: number
  /** Of a counterexample, to meet it again. */
  path?: string
  /** Stops without a failure after this, ms. */
  time?: number
}

export interface Fuzzed {
  name: string
  seed: number
  inputs: number
  took: number
  /** How often each code was answered. */
  codes: Map<string, number>
  /** Bytes that the heap has grown by since the first quarter of the inputs. */
  growth: number
  /** The smallest input that shows a bug, and how to meet it again. */
  failure?: string
}

/** More bytes than this are a leak: a hundred of each of 100,000 inputs would be. */
export const LEAK = 8 * 2 ** 20
/** What is held for a time is gone after this, ms. */
const SETTLE = 20_000
/** Letters of an input that are printed: it can be had whole with its path. */
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
    // what is made once is there by then
    if (++count === Math.ceil(options.inputs / 4)) base = await heap()
  })
  const { seed, path, time } = options
  const limit = time == null ? {} : { interruptAfterTimeLimit: time, markInterruptAsFailure: false }
  const details = await fc.check(property, { numRuns: options.inputs, seed, path, ...limit })
  const took = performance.now() - began
  const growth = base === 0 ? 0 : await grown(base)
  // a machine that is so busy that not one input was fed shows no bug
  const failure = details.counterexample == null ? undefined : tell(target, details)
  return { name: target.name, seed: details.seed, inputs: details.numRuns, took, codes, growth, failure }
}

/** What is held only for a time gets that time. */
async function grown(base: number): Promise<number> {
  const first = (await heap()) - base
  if (first < LEAK) return first
  await new Promise(resolve => setTimeout(resolve, SETTLE))
  return (await heap()) - base
}

/** Bytes in use once what is not is gone. */
async function heap(): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, 20))
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function tell(target: Target, details: fc.RunDetails<[unknown]>): string {
  const again = `npm run fuzz -- ${target.name} --seed ${details.seed} --path ${details.counterexamplePath}`
  const why = (details.errorInstance as Error | null)?.stack ?? 'no reason'
  return `${fc.stringify(details.counterexample?.[0]).slice(0, MAX_SHOWN)}\n${why}\nagain: ${again}`
}
