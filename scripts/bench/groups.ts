/** What a processor was busy with, in words: each line of a profile belongs to one group. */

/** A function of a profile, as V8 writes it. */
export interface ProfileNode {
  id: number
  callFrame: { functionName: string; url: string; lineNumber: number }
  children?: number[]
}

/** The first that fits a place, or the name of native code, is its group. */
const PLACES: Array<[RegExp, string]> = [
  [/libp2p-noise|internal\/crypto\/(cipher|aead)|^wasm:|@noble\/ciphers/, 'Noise: the cipher'],
  [/@libp2p\/yamux/, 'yamux'],
  [/gossipsub|bounds\/gossip|mesh\/gossip/, 'gossip'],
  [/cborg|valibot|protocols\/codec/, 'CBOR and schemas'],
  [
    /internal\/crypto\/(sig|keys|keygen)|@libp2p\/crypto|@noble|@libp2p\/peer-id|multiformats|protocols\/(envelope|identity)/,
    'signatures and names'
  ],
  [/internal\/crypto\/hash|node:crypto/, 'digests'],
  [/internal\/crypto|_tls|node:tls/, 'TLS'],
  [/zlib|node_modules\/tar\//, 'packing'],
  [/internal\/fs|node:fs|node\/store/, 'disk'],
  [/internal\/stream_base_commons|node:net|internal\/streams|node:_http|internal\/http/, "Node's sockets and streams"],
  [
    /libp2p|uint8array|main-event|node_modules\/(it-|p-|race-|any-signal|protons)|internal\/event_target/,
    "libp2p's streams and events"
  ],
  [/internal\/(timers|process|async)|node:timers|internal\/abort/, 'timers and promises'],
  [/internal\/child_process|node:child_process/, 'starting programs'],
  [/internal\/(modules|bootstrap|deps)/, 'loading code']
]
const OURS = "bak's own code"
export const OTHER = 'all else'
const COLLECTOR = 'garbage collection'
const WRITES = 'the kernel: writes to sockets'

/** @param chain from the function that ran to the outermost one @param placeOf the path of a file below the project's root */
export function groupOf(chain: ProfileNode[], placeOf: (url: string) => string): string {
  const [leaf] = chain as [ProfileNode]
  const { functionName, url } = leaf.callFrame
  if (functionName === '(garbage collector)') return COLLECTOR
  if (functionName === '(program)') return "V8 itself, and the kernel's reads"
  // native code belongs to who called it
  const near = chain.find(({ callFrame }) => callFrame.url !== '')
  if (near == null) return OTHER
  const place = placeOf(near.callFrame.url)
  const group = PLACES.find(([pattern]) => pattern.test(place))?.[1]
  if (url === '' && /^write/.test(functionName) && group === SOCKETS) return WRITES
  return group ?? (/^(node|protocols|cli)\//.test(place) ? OURS : OTHER)
}

const SOCKETS = "Node's sockets and streams"
