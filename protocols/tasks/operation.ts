/** Operations of tasks: what one request of a client is. `[[operation]]` of a run file, or inline in a task. */
import * as v from 'valibot'
import { count, list, name } from '../fields.ts'
import { table } from '../free-keys.ts'
import { argument, commandLine, seconds } from '../spec-fields.ts'
import { stagePath } from '../staged.ts'

/** Addresses that the clients of one operation share, one after the other by their index. */
export const MAX_TARGETS = 1_000
/** Bytes of a body that stands in the run file; larger ones are files that are staged. */
const MAX_BODY = 64 * 1024

const shared = {
  /** Seconds after which one request has failed; 0 is never. */
  timeout: v.optional(seconds, 30)
}

export const httpOperation = v.strictObject({
  type: v.literal('http'),
  ...shared,
  /** The address, or the path below each of `targets`. */
  url: v.pipe(argument, v.minLength(1), v.maxLength(4096)),
  /** Addresses such as `http://10.0.0.7:8080`: client i sends to target i, counted anew behind the last. */
  targets: v.optional(v.pipe(list(v.pipe(argument, v.minLength(1), v.maxLength(1024)), MAX_TARGETS), v.minLength(1))),
  method: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{1,16}$/, 'a method is in capitals, such as GET')), 'GET'),
  headers: v.optional(table(name, v.pipe(argument, v.maxLength(4096))), {}),
  body: v.optional(v.pipe(argument, v.maxLength(MAX_BODY))),
  /** A file beside the run file that is sent as it is; it is staged to the members that load. */
  body_file: v.optional(stagePath),
  /** Status codes that are no errors; by default 200 to 399. */
  expect: v.optional(v.pipe(list(v.pipe(count, v.minValue(100), v.maxValue(599)), 64), v.minLength(1))),
  /** Whether a client keeps its connection from one request to the next. */
  keep_alive: v.optional(v.boolean(), true),
  /** Whether a target with https must have a certificate that the machine trusts. */
  verify_certificate: v.optional(v.boolean(), true)
})
export type HttpOperation = v.InferOutput<typeof httpOperation>

/** @returns the target of the client with this index among those of its task; undefined where the operation names none */
export function targetOf(operation: Pick<Operation, 'type'>, client: number): string | undefined {
  const { targets } = operation as Partial<HttpOperation>
  return targets?.[client % targets.length]
}

export const commandOperation = v.strictObject({
  type: v.literal('command'),
  ...shared,
  /** A process for each request; an exit status that is not 0 is an error. */
  command: commandLine
})
export type CommandOperation = v.InferOutput<typeof commandOperation>

export const moduleOperation = v.strictObject({
  type: v.literal('module'),
  ...shared,
  /** An ES module beside the run file; it is staged to the members that load. */
  module: stagePath,
  /** The name of the exported function that makes a request; its default export where it is left out. */
  function: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z_$][\w$]{0,63}$/, 'the name of an exported function'))),
  /** Given to it; a list is shared by the clients where the module says so. */
  params: v.optional(v.record(v.string(), v.any()), {})
})
export type ModuleOperation = v.InferOutput<typeof moduleOperation>

export const operationKind = v.variant('type', [httpOperation, commandOperation, moduleOperation])
export type Operation = v.InferOutput<typeof operationKind>

/** One with a name, for tasks that name it. */
export const namedOperation = v.variant('type', [
  v.strictObject({ name, ...httpOperation.entries }),
  v.strictObject({ name, ...commandOperation.entries }),
  v.strictObject({ name, ...moduleOperation.entries })
])
export type NamedOperation = v.InferOutput<typeof namedOperation>
