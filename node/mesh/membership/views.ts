/** Members as users and other parts see them: with state, role and path, from this peer's point of view. */
import type { MemberView } from '../../../protocols/control.ts'
import { Part } from '../../part.ts'
import type { PeerScore } from '../limits/peer-score.ts'
import { isController, type Roles } from '../permissions.ts'
import type { Streams } from '../streams.ts'
import type { RunActivity } from './run-activity.ts'
import { isHere, type Row, shownNames, stateOf, type Table } from './table.ts'

/** How long peers that left are still shown. */
const SHOW_LEFT_MS = 60_000

export interface MemberViewsInit {
  /** This peer's id. */
  self: string
  table: Table
  runs: Pick<RunActivity, 'runsOf'>
  /** Peers that were gone for so long are dropped. */
  forgetAfterMs: number
}

export class MemberViews extends Part<
  { authority: Roles; peerScore: Pick<PeerScore, 'isCutOff'>; streams: Pick<Streams, 'connected' | 'isRelayed'> },
  MemberViewsInit
> {
  /** @returns all known peers, this one included, sorted by name; peers that left long ago are dropped */
  list(): MemberView[] {
    const rows = this.#rows()
    const shown = namesIn(rows)
    return rows
      .map(row => this.#view(row, shown))
      .sort((a, b) => (a.shown < b.shown ? -1 : a.shown > b.shown ? 1 : a.peer < b.peer ? -1 : 1))
  }

  get(peer: string): MemberView | undefined {
    const rows = this.#rows()
    const row = rows.find(({ record }) => record.peer === peer)
    return row && this.#view(row, namesIn(rows))
  }

  #rows(): Row[] {
    const now = Date.now()
    this.init.table.expire(now - this.init.forgetAfterMs)
    return this.init.table.rows().filter(row => stateOf(row) !== 'left' || row.since > now - SHOW_LEFT_MS)
  }

  /** @returns whether messages to the peer can be expected to arrive */
  isHere(peer: string): boolean {
    if (peer === this.init.self) return true
    if (this.components.peerScore.isCutOff(peer)) return false
    const row = this.init.table.get(peer)
    return row == null ? this.components.streams.connected(peer) : isHere(row)
  }

  #view(row: Row, names: Map<string, string>): MemberView {
    const { proof: _, ...record } = row.record
    // a peer without a role is no member any more and leaves the table in a moment
    const role = this.components.authority.roleOf(record.peer) ?? 'agent'
    // an agent drives no runs, whatever its record says
    const runs = isController(role) ? record.runs : []
    const shown = names.get(record.peer) ?? record.name
    return { ...record, role, runs, state: this.#state(row), shown, path: this.#path(row), since: row.since }
  }

  /** A peer is busy while it takes part in a run that its controller, which is here, says it drives. */
  #state(row: Row): MemberView['state'] {
    // other peers may well reach it
    if (this.components.peerScore.isCutOff(row.record.peer)) return 'lost'
    const state = stateOf(row)
    if (state !== 'alive') return state
    const runs = this.init.runs.runsOf(row.record.peer)
    return runs.some(each => this.#isDriven(each)) ? 'busy' : 'alive'
  }

  /** A controller that was killed and started again drives nothing. */
  #isDriven({ run, controller }: { run: string; controller: string }): boolean {
    const { runs = [] } = this.init.table.get(controller)?.record ?? {}
    return this.isHere(controller) && runs.some(each => each.run === run)
  }

  #path(row: Row): MemberView['path'] {
    const { peer } = row.record
    if (peer === this.init.self) return 'self'
    if (this.components.peerScore.isCutOff(peer)) return 'cut-off'
    if (this.components.streams.connected(peer)) return this.components.streams.isRelayed(peer) ? 'relayed' : 'direct'
    return isHere(row) ? 'indirect' : 'none'
  }
}

const namesIn = (rows: Row[]) => shownNames(rows.filter(isHere).map(({ record }) => record))
