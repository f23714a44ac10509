/**
 * Finds out which members are lost. A member is suspected when its connection closes, when it misses announcements, or when another peer
 * reports it although this peer has a newer record; a suspect that neither reconnects nor can be dialled is lost.
 */
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { Part } from '../../part.ts'
import { Timers } from '../../timers.ts'
import type { PeerScore } from '../limits/peer-score.ts'
import type { Streams } from '../streams.ts'
import { heartbeatPeriodOf } from './heartbeat.ts'
import type { RunActivity } from './run-activity.ts'
import { isHere, type Row, type Table } from './table.ts'

/** A broken connection may come back by itself within this time, plus or minus half of it. */
const GRACE_MS = 1_000
/** No answer of a busy machine within this time counts as none; two relays may be tried in turn. */
const DIAL_TIMEOUT_MS = 8_000
/** Peers without a connection are noticed only by their silence: after so many announcements in a row are missing. */
const MISSED_ANNOUNCEMENTS = 4
/** Dials to silent members in one round. */
const MAX_PROBES = 16

export interface FailureDetectorComponents {
  connectionManager: Pick<ConnectionManager, 'openConnection'>
  peerScore: Pick<PeerScore, 'isCutOff'>
  streams: Pick<Streams, 'connected'>
}

export interface FailureDetectorInit {
  table: Table
  runs: Pick<RunActivity, 'runsOf'>
  /** This peer found the loss; the mesh does not know of it yet. */
  onDetected(row: Row): void
  /** Another peer reported the loss. */
  onReported(peer: string, by: string): void
}

export class FailureDetector extends Part<FailureDetectorComponents, FailureDetectorInit> {
  readonly #suspects = new Set<string>()
  readonly #timers = new Timers()

  /** Dials a member after a while, unless it has reconnected by then. */
  suspect(peer: string): void {
    if (this.stopped.aborted || this.#suspects.has(peer)) return
    this.#suspects.add(peer)
    this.#timers.after(GRACE_MS * (0.5 + Math.random()), () => void this.#probe(peer))
  }

  /** Suspects members that have missed announcements, a few at a time. */
  suspectSilent(): void {
    const { table, runs } = this.init
    const before = Date.now() - MISSED_ANNOUNCEMENTS * heartbeatPeriodOf(table.size)
    const silent = table.rows().filter(({ receivedAt, record: { peer } }) => {
      // members of a run may be in low-noise mode, in which they postpone announcements
      return receivedAt < before && this.#isMissing(peer) && runs.runsOf(peer).length === 0
    })
    for (const { record } of silent.slice(0, MAX_PROBES)) this.suspect(record.peer)
  }

  /** Takes the report of another peer. */
  report({ peer, version }: { peer: string; version: number }, by: string): void {
    if (this.components.streams.connected(peer)) return
    if (this.init.table.markLost(peer, version, Date.now())) this.init.onReported(peer, by)
    // the report may be about an older record than this peer's; perhaps no other peer has the newer one and checks it
    else this.suspect(peer)
  }

  override stop(): void {
    super.stop()
    this.#timers.clear()
  }

  async #probe(peer: string): Promise<void> {
    try {
      if (!this.#isMissing(peer)) return
      const signal = AbortSignal.timeout(DIAL_TIMEOUT_MS)
      await this.components.connectionManager.openConnection(peerIdFromString(peer), { signal })
    } catch {
      this.#onUnreachable(peer)
    } finally {
      this.#suspects.delete(peer)
    }
  }

  #onUnreachable(peer: string): void {
    if (!this.#isMissing(peer)) return
    const row = this.init.table.get(peer) as Row
    if (this.init.table.markLost(peer, row.record.version, Date.now())) this.init.onDetected(row)
  }

  #isMissing(peer: string): boolean {
    const { peerScore, streams } = this.components
    const row = this.init.table.get(peer)
    // other peers may well reach a peer that only this one has cut off
    return !this.stopped.aborted && row != null && isHere(row) && !streams.connected(peer) && !peerScore.isCutOff(peer)
  }
}
