/** Schemas of the fields that several messages share, each with its bound. */
import * as v from 'valibot'
import { type ErrorCode, errorCodes } from './errors.ts'
import { table } from './free-keys.ts'

/** Largest list of peers in one message. */
export const MAX_PEERS = 10_000

const MAX_TEXT = 1024
/** A short text for people. */
export const text = v.pipe(v.string(), v.maxLength(MAX_TEXT))
/** @returns the begin of a text, as long as `text` may be */
export const cutText = (long: string): string => long.slice(0, MAX_TEXT)
/** Name of a peer, group or tool: one path component, printed as it is. */
export const name = v.pipe(
  v.string(),
  v.maxLength(64),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9._@#-]*$/,
    'a name has letters, digits and . _ @ # - only, and starts with a letter or digit'
  )
)
/** Name of an iteration, also one made from parameters: `bs=4k,depth=8`. One path component, printed as it is. */
export const iterationName = v.pipe(
  v.string(),
  v.maxLength(64),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9._@#=,-]*$/,
    'a name of an iteration has letters, digits and . _ @ # = , - only, and starts with a letter or digit'
  )
)
/** The peer ids of a key of 32 bytes 0x00, and of one of 32 bytes 0xff. */
const LOWEST = '12D3KooW9pNAk8aiBuGVQtWRdbkLmo5qVL3e2h5UxbN2Nz9ttwiw'
const HIGHEST = '12D3KooWT3gYEvLJyx1FyyHqrmvdy1tMjpgxmu9aSeKMEuafQtyC'
/** A libp2p peer id of an Ed25519 key, base58btc. Base58 texts of one length sort as their numbers do, so two bounds are enough. */
export const peerId = v.pipe(
  v.string(),
  v.maxLength(64),
  v.regex(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/, 'not a peer id'),
  v.check(id => id >= LOWEST && id <= HIGHEST, 'not a peer id')
)
/** A SHA-256, lower-case hex. */
export const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'not a SHA-256 digest'))
/** `20261122T213015-k3f9ab`: the UTC second of creation and six random characters, so ids sort by time. */
const RUN_ID = /^\d{8}T\d{6}-[a-z0-9]{6}$/
export const runId = v.pipe(v.string(), v.regex(RUN_ID, 'not a run id'))
/** Asked of each name in the folder of the results, for each list. */
export const isRunId = (text: string): boolean => RUN_ID.test(text)
/** Milliseconds since 1970, with fractions, within the range of a `Date`. */
export const instant = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(8.64e15))
/** A duration in milliseconds. */
export const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0))
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
export const multiaddress = v.pipe(v.string(), v.maxLength(256), v.startsWith('/'))
export const code = v.picklist(errorCodes) as v.GenericSchema<ErrorCode>
const byteString = v.instance(Uint8Array) as v.GenericSchema<unknown, Uint8Array>
export const signature = v.pipe(byteString, v.length(64))
export const bytes = (max: number) => v.pipe(byteString, v.maxLength(max))
export const list = <T extends v.GenericSchema>(item: T, max: number) => v.pipe(v.array(item), v.maxLength(max))
export const labels = v.pipe(
  table(name, v.pipe(v.string(), v.maxLength(128))),
  v.check(entries => Object.keys(entries).length <= 64, 'more than 64 labels')
)

/** The phases of a run, in the order in which they first appear. */
export const phases = ['join', 'stage', 'sysinfo', 'init', 'start', 'work', 'stop', 'send', 'end', 'terminate'] as const
export type Phase = (typeof phases)[number]
export const phase = v.picklist(phases)
