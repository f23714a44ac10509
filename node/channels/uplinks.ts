/**
 * Where the acknowledgements of one member go: on its stream to the controller, or, in a run with more members than `policy.fanout`,
 * to the member above it in the tree. From the fourth attempt of a command on (1.75 s) they go to the controller itself, since an
 * aggregator may have stopped.
 */
import type { Envelope } from '../../protocols/envelope.ts'
import type { Manifest } from '../../protocols/manifest.ts'
import type { Command } from '../../protocols/phase.ts'
import type { Opener } from '../../protocols/stream.ts'
import { now } from '../now.ts'
import { Aggregator } from './aggregator.ts'
import { RunStreamClient } from './run-stream-client.ts'
import type { RunStreamServer } from './run-stream-server.ts'
import { positionOf, subtreesOf } from './tree.ts'

/** The attempt of a command, after 1.75 s, from which on aggregators are passed by. */
export const DIRECT_ATTEMPT = 3

export interface UplinksInit {
  run: string
  self: string
  /** The stream to the controller, already started. */
  controller: RunStreamClient
  /** Opens streams to a peer. */
  to(peer: string): Opener
  server: Pick<RunStreamServer, 'open' | 'close'>
  /** What to add to this machine's clock to get the controller's, ms. */
  clockOffset(): number
}

export class Uplinks {
  readonly #init: UplinksInit
  #parent: RunStreamClient | undefined
  #aggregator: Aggregator | undefined
  #direct = false

  constructor(init: UplinksInit) {
    this.#init = init
  }

  /** The roster is known: finds this member's place in the tree. */
  join({ roster, spec: { policy }, controller }: Manifest): void {
    if (this.#parent != null || this.#aggregator != null) return
    const { run, self, to, server, clockOffset } = this.#init
    const peers = roster.map(({ peer }) => peer).filter(peer => peer !== controller)
    const position = positionOf(self, subtreesOf(peers, policy.fanout))
    if (position?.parent != null) {
      this.#parent = new RunStreamClient({
        ...{ run, open: to(position.parent), retryRefused: true },
        onDown: () => this.#resend()
      })
      this.#parent.start()
    }
    if (position == null || position.children.length === 0) return
    this.#aggregator = new Aggregator({
      ...{ run, self, server, children: position.children, leaseIntervalMs: (policy.lease * 1000) / 3 },
      now: () => now() - clockOffset(),
      send: (acks, seq) => this.#up.send(acks, seq)
    })
    this.#aggregator.start()
  }

  /** A command of the open phase was heard. */
  open(command: Command): void {
    this.#direct = command.attempt >= DIRECT_ATTEMPT
    this.#aggregator?.open(command)
  }

  /** Sends now, or as soon as the stream is open. @returns false if nothing is sent any more */
  answer(ack: Envelope, seq: number): boolean {
    if (this.#aggregator != null && !this.#direct) {
      this.#aggregator.answer(ack)
      return true
    }
    const { controller } = this.#init
    const uplink = this.#direct ? controller : this.#up
    if (uplink.closed) return false
    uplink.send([ack], seq)
    return true
  }

  /** Lets what was sent go out, then closes. */
  async stop(): Promise<void> {
    this.#aggregator?.stop()
    // what is answered from now on goes nowhere by it
    this.#aggregator = undefined
    await this.#parent?.stop()
    await this.#init.controller.stop()
  }

  /** As `stop`, once the controller has closed its end or after so many ms. */
  async finish(waitMs: number): Promise<void> {
    await this.#init.controller.finish(waitMs)
    await this.stop()
  }

  get #up(): RunStreamClient {
    return this.#parent?.isUp ? this.#parent : this.#init.controller
  }

  /** What the aggregator got may have ended with it. */
  #resend(): void {
    const lost = this.#parent?.kept
    if (lost != null && lost.acks.length > 0) this.#init.controller.send(lost.acks, lost.seq)
  }
}
