/** A run on a controller whose daemon is not there: real context and folder, and parts that keep what the run does with them. */
import type { Content } from '../../node/artifacts/content.ts'
import type { RunStreamServer } from '../../node/channels/run-stream-server.ts'
import { createLog } from '../../node/log.ts'
import type { Members } from '../../node/mesh/membership/members.ts'
import type { Streams } from '../../node/mesh/streams.ts'
import type { RunEvents } from '../../node/run/events.ts'
import { RunContext } from '../../node/run/run-context.ts'
import type { Heard, RunFeed } from '../../node/run/run-feed.ts'
import type { RunParts } from '../../node/run/run-parts.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import type { EventBody } from '../../protocols/events.ts'
import type { Candidate } from '../../protocols/manifest.ts'
import type { Notice } from '../../protocols/notice.ts'
import { type Ack, ackSubject, type Command } from '../../protocols/phase.ts'
import type { FromController } from '../../protocols/run-stream.ts'
import { scratchArtifacts } from '../artifacts/scratch-artifacts.ts'
import { controller, manifest, run, specOf } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'
import { newSigner } from './streams.ts'

/** A part of which a test needs only some; what it has is of the real type. */
export const fake = <T>(part: Partial<T>): T => part as T

export interface Dispatched {
  command: Command
  /** Whether it was published; otherwise it was only handled here. */
  published: boolean
}

export interface FakeRun {
  run: RunContext
  /** The members, in the order of their ranks; the controller comes after them. */
  signers: Signer[]
  dispatched: Dispatched[]
  notices: Notice[]
  /** What was sent on run streams. */
  sent: Array<{ peers: string[]; message: FromController }>
  stored: EventBody[]
  /** Contents that can be fetched. */
  held: Map<string, Uint8Array>
  log: string[]
  /** Peers without a run stream, peers that one hop does not reach, peers that have left. */
  without: Set<string>
  beyond: Set<string>
  gone: Set<string>
  onCommand: (command: Command) => void
}

export const CAPABILITIES = manifest.roster[0]?.capabilities as NonNullable<Ack['capabilities']>

/** @param joined whether the roster is frozen already */
export async function fakeRun({ members = 4, spec = {} as object, joined = true } = {}): Promise<FakeRun> {
  const signers = Array.from({ length: members }, newSigner)
  const made: Omit<FakeRun, 'run'> = {
    ...{ signers, dispatched: [], notices: [], sent: [], stored: [], held: new Map(), log: [] },
    ...{ without: new Set<string>(), beyond: new Set<string>(), gone: new Set<string>() },
    onCommand: () => {}
  }
  const order = { run, epoch: 1, created: Date.now(), begun: Date.now(), spec: specOf(spec), directory: '/', env: {} }
  const folder = new RunFolder(scratch())
  await folder.create(order.spec)
  const context = new RunContext({
    ...{ order, folder },
    events: fake<RunEvents>({
      store: event => void made.stored.push(event),
      show: () => {},
      finish: async event => void made.stored.push(event),
      close: async () => {},
      end: () => {}
    }),
    parts: {
      ...{ signer: controller, program: '0.1.0', workloads: new Map(), signal: new AbortController().signal },
      log: createLog('info', line => made.log.push(line)),
      onPhase: () => {},
      members: membersOf(made),
      feed: feedOf(made),
      runStreams: runStreamsOf(made),
      loadStreams: { open: () => {}, close: () => {} },
      streams: fake<Streams>({}),
      swarms: { fetch: async () => ({ bytes: 0, source: 0 }) },
      jobRecords: {
        keep: () => {},
        note: () => {},
        byKeys: () => [],
        latestOf: () => undefined,
        hasTaken: () => false,
        flush: () => {}
      },
      receiver: { settle: async () => {} },
      supervisor: fake<RunParts['supervisor']>({}),
      authority: { mesh: controller.peer, proofOf: () => undefined },
      artifacts: await scratchArtifacts(),
      content: fake<Content>({
        put: bytes => {
          const digest = digestOf(bytes)
          made.held.set(digest, bytes)
          return digest
        }
      })
    }
  })
  if (joined) {
    context.candidates = candidatesOf(signers)
    context.record.roster = context.candidates.map((each, rank) => ({ ...each, rank, capabilities: CAPABILITIES }))
    context.record.manifest = 'f'.repeat(64)
    context.subject = { digest: context.record.manifest, bytes: new Uint8Array() }
  }
  return Object.assign(made, { run: context })
}

const candidatesOf = (signers: Signer[]): Candidate[] => [
  ...signers.map(({ peer }, i) => ({ peer, name: `m${i}`, tools: [] })),
  { peer: controller.peer, name: 'node-c', tools: [], driver: true }
]

function membersOf({ signers, gone }: Omit<FakeRun, 'run'>): Members {
  const views = signers.map(({ peer }, i) => ({ peer, name: `m${i}`, shown: `m${i}`, labels: {}, registered: [] }))
  return fake<Members>({
    self: { name: 'node-c' } as Members['self'],
    list: () => views.map(view => ({ ...view, state: 'alive' }) as never),
    get: peer => views.find(view => view.peer === peer) as never,
    isHere: peer => !gone.has(peer)
  })
}

function feedOf(made: Omit<FakeRun, 'run'>): RunFeed {
  const take = ({ type, signed }: Heard, published: boolean) => {
    if (type === 'notice') return void made.notices.push(signed.value)
    made.dispatched.push({ command: signed.value, published })
    made.onCommand(signed.value)
  }
  return fake<RunFeed>({
    runs: () => [],
    reaches: peers => peers.every(peer => !made.beyond.has(peer)),
    publish: heard => take(heard, true),
    handle: heard => take(heard, false)
  })
}

function runStreamsOf({ without, gone, sent }: Omit<FakeRun, 'run'>): RunStreamServer {
  return fake<RunStreamServer>({
    isOpen: (_, peer) => !without.has(peer) && !gone.has(peer),
    serveCalls: () => {},
    send: (_, peers, message) => {
      const reached = [...peers].filter(peer => !without.has(peer))
      sent.push({ peers: reached, message })
      return reached
    }
  })
}

/** @returns the acknowledgement of a command, as that member signs it */
export function ackOf(command: Command, signer: Signer, change: Partial<Ack> = {}): Envelope {
  const { run, epoch, seq, phase, subject, issued } = command
  const at = { received: issued + 1, done: issued + 2 }
  return seal(ackSubject, { run, epoch, seq, phase, subject, outcome: 'ok', ...at, ...change }, signer)
}
