/** One target of the fuzzer. */
import type * as fc from 'fast-check'
import type { ErrorCode } from '../../protocols/errors.ts'
import type { World } from './world.ts'

export interface Target<Input = unknown> {
  /** A protocol's id, or the name of a file format. */
  name: string
  /** Codes with which such inputs are refused; any other error is a bug. */
  refusals: ErrorCode[]
  /** Fraction of the inputs that a slow target gets; 1 by default. */
  share?: number
  /** `<name>` of the topic's name, for a topic. */
  topic?(world: World): string
  inputs(world: World): fc.Arbitrary<Input>
  /** @returns the code of each refusal, `ok` for an accepted input. @throws an error that only a bug causes */
  feed(world: World, input: Input): Promise<string[]>
}

/** For one input, on a busy machine. */
const INPUT_TIMEOUT_MS = 15_000

/** @throws if `work` is not over in time */
export async function within<T>(what: string, work: Promise<T>, timeout = INPUT_TIMEOUT_MS): Promise<T> {
  const timedOut = Promise.withResolvers<never>()
  const timer = setTimeout(() => timedOut.reject(new Error(`${what}: not over after ${timeout} ms`)), timeout)
  return Promise.race([work, timedOut.promise]).finally(() => clearTimeout(timer))
}
