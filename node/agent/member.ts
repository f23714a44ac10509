/**
 * One run on one member: its state, what it runs, its folders, and what of it must outlive the daemon. `member.cbor` is
 * rewritten at each change of state, so that a daemon that was killed knows what it was part of.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, envelope, peek } from '../../protocols/envelope.ts'
import { count, peerId, runId } from '../../protocols/fields.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import {
  type Clock,
  clock,
  type Manifest,
  manifestSubject,
  type Offer,
  offerSubject
} from '../../protocols/manifest.ts'
import { writeAtomic } from '../store/atomic.ts'
import type { Outbox } from '../store/outbox.ts'
import type { RunningTool } from '../tools/tool.ts'
import type { Look } from './cost.ts'
import { type State, states } from './states.ts'

const saved = v.object({
  run: runId,
  controller: peerId,
  epoch: count,
  seq: count,
  state: v.picklist(states),
  clock,
  offer: envelope,
  manifest: v.optional(envelope),
  /** The latest acknowledgement. */
  ack: v.optional(envelope)
})

export interface StartedTool {
  group: string
  tool: string
  running: RunningTool
}

export class Member {
  readonly run: string
  readonly controller: string
  readonly offerSealed: Envelope
  readonly offer: Offer
  /** Has the layout of the result folder, so that what is packed here unpacks in place there. */
  readonly data: string
  readonly folder: string
  readonly self: string
  readonly outbox: Outbox
  epoch: number
  seq = 0
  state: State = 'new'
  clock: Clock = { offset: 0, bound: 0 }
  manifestSealed: Envelope | undefined
  manifest: Manifest | undefined
  manifestDigest: string | undefined
  ack: Envelope | undefined
  started: StartedTool[] = []
  /** What the daemon had cost when this member answered `start`. */
  looked: Look | undefined
  /** Its tools were running when the daemon died. */
  interrupted = false

  constructor(init: { folder: string; self: string; outbox: Outbox; offerSealed: Envelope }) {
    this.folder = init.folder
    this.data = join(init.folder, 'data')
    this.self = init.self
    this.outbox = init.outbox
    this.offerSealed = init.offerSealed
    this.offer = peek(offerSubject, init.offerSealed)
    this.run = this.offer.run
    this.controller = this.offer.controller
    this.epoch = this.offer.epoch
  }

  /** The name of this member's folders in the result. */
  get name(): string {
    return this.#candidate.name
  }

  /** The tools that this member was asked to run. */
  get tools(): Assignment[] {
    return this.#candidate.tools
  }

  get #candidate() {
    const mine = this.offer.candidates.find(candidate => candidate.peer === this.self)
    if (mine == null) throw new Error(`not a candidate of ${this.run}`)
    return mine
  }

  /** Restores the manifest, too. */
  accept(manifest: Envelope): void {
    this.manifestSealed = manifest
    this.manifest = peek(manifestSubject, manifest)
    this.manifestDigest = digestOf(encode(manifest))
  }

  async save(): Promise<void> {
    await mkdir(this.data, { recursive: true })
    const { run, controller, epoch, seq, state, clock, offerSealed: offer, manifestSealed: manifest, ack } = this
    await writeAtomic(
      join(this.folder, 'member.cbor'),
      encode({ run, controller, epoch, seq, state, clock, offer, manifest, ack })
    )
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** @throws whatever is wrong with the file */
export async function restoreMember(folder: string, self: string, outbox: Outbox): Promise<Member> {
  const content = decode(saved, new Uint8Array(await readFile(join(folder, 'member.cbor'))))
  const member = new Member({ folder, self, outbox, offerSealed: content.offer })
  Object.assign(member, { epoch: content.epoch, seq: content.seq, state: content.state, clock: content.clock })
  if (content.ack != null) member.ack = content.ack
  if (content.manifest != null) member.accept(content.manifest)
  member.interrupted = member.state === 'running'
  return member
}
