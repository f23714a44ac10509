import type * as fc from 'fast-check'
import type { ErrorCode } from '../../protocols/errors.ts'
import type { World } from './world.ts'

/** One door and what is thrown at it. */
export interface Target<Input = unknown> {
  /** A protocol's id, or the name of a file format. */
  name: string
  /** What the plan refuses such inputs with; any other failure is a bug. */
  refusals: ErrorCode[]
  /** Of the inputs that are asked for, for one that is slow and made of others that are on the list; all if not given. */
  share?: number
  inputs(world: World): fc.Arbitrary<Input>
  /** @returns the code of each refusal, `ok` for what was taken. @throws what only a bug can cause */
  feed(world: World, input: Input): Promise<string[]>
}

/** Longest time that the handling of one input may take, ms; a busy machine takes most of it. */
export const DEADLINE = 15_000

/** @throws if `work` is not over in time */
export async function within<T>(what: string, work: Promise<T>, deadline = DEADLINE): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what}: not over after ${deadline} ms`)), deadline)
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}
