/**
 * Messages are CBOR in its strict, deterministic form, checked by a schema when they are received. Code behind these two
 * functions trusts the types.
 */
import { decode as fromCbor, encode as toCbor } from 'cborg'
import * as v from 'valibot'
import { BakError, type ErrorCode } from './errors.ts'

/** Longest text of an error: it may quote what a stranger sent. */
const MAX_REASON_CHARACTERS = 300

export type Schema<T = unknown> = v.GenericSchema<unknown, T>

const strict = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true
}

/** @returns the bytes of `value`; properties that are undefined are left out, keys are in canonical order */
export function encode(value: unknown): Uint8Array {
  const bytes = toCbor(value, { ignoreUndefinedProperties: true })
  // the encoder takes short messages from a buffer of 64 KiB, which would stay in memory as long as one of them does
  return bytes.buffer.byteLength > 2 * bytes.length ? new Uint8Array(bytes) : bytes
}

/** @throws {BakError} `bad-message`, naming the path of the first error, if the bytes do not match the schema */
export function decode<T>(schema: Schema<T>, bytes: Uint8Array): T {
  let value: unknown
  try {
    value = fromCbor(bytes, strict)
  } catch (cause) {
    throw new BakError('bad-message', `not a message: ${(cause as Error).message}`.slice(0, MAX_REASON_CHARACTERS), {
      cause
    })
  }
  return check(schema, value)
}

/**
 * @param where precedes the path of the first error in the message; `whole` stands for the path where the value itself is wrong
 * @throws {BakError} `code`, naming that path
 */
export function check<T>(
  schema: Schema<T>,
  value: unknown,
  code: ErrorCode = 'bad-message',
  where = '',
  whole = 'message'
): T {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const what = `${where}${v.getDotPath(issue) ?? whole}: ${issue.message}`
  throw new BakError(code, what.slice(0, MAX_REASON_CHARACTERS))
}
