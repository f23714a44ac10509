/** How members are shown, to people and to the parts that choose among them: with state, role and path, as this peer sees them. */
import type { MemberView } from '../../../protocols/control.ts'
import type { RunFeed } from '../../run/run-feed.ts'
import type { PeerScore } from '../limits/peer-score.ts'
import { isController, type Roles } from '../permissions.ts'
import type { Streams } from '../streams.ts'
import { isHere, type Row, shownNames, stateOf, type Table } from './table.ts'

/** Who left is shown no more after this, who is lost after a day, ms. */
const KEEP_LEFT = 60_000
const KEEP_LOST = 86_400_000

export interface MemberViewsComponents {
  authority: Roles
  peerScore: Pick<PeerScore, 'isCutOff'>
  streams: Streams
  follow: RunFeed
}

export class MemberViews {
  readonly #components: MemberViewsComponents
  readonly #init: { self: string; table: Table }

  constructor(components: MemberViewsComponents, init: { self: string; table: Table }) {
    this.#components = components
    this.#init = init
  }

  /** @returns everyone known, this peer included, in order of names; who left long ago is forgotten */
  list(): MemberView[] {
    const now = Date.now()
    this.#init.table.forget(now - KEEP_LOST)
    const rows = this.#init.table.rows().filter(row => stateOf(row) !== 'left' || row.since > now - KEEP_LEFT)
    const shown = shownNames(rows.filter(isHere).map(row => row.record))
    return rows
      .map(row => this.#view(row, shown.get(row.record.peer) ?? row.record.name))
      .sort((a, b) => (a.shown < b.shown ? -1 : a.shown > b.shown ? 1 : a.peer < b.peer ? -1 : 1))
  }

  /** @returns whether messages to the peer can be expected to arrive */
  isHere(peer: string): boolean {
    if (peer === this.#init.self) return true
    if (this.#components.peerScore.isCutOff(peer)) return false
    const row = this.#init.table.get(peer)
    return row == null ? this.#components.streams.connected(peer) : isHere(row)
  }

  #view(row: Row, shown: string): MemberView {
    const { proof: _, ...record } = row.record
    // who is not let in any more is out of the table, too, a moment later
    const role = this.#components.authority.roleOf(record.peer) ?? 'agent'
    // an agent drives none, whatever it says
    const runs = isController(role) ? record.runs : []
    return { ...record, role, runs, state: this.#state(row), shown, path: this.#path(row), since: row.since }
  }

  /** Busy is what the notices of runs say, as long as their controllers are here. */
  #state(row: Row): MemberView['state'] {
    // others may well reach it
    if (this.#components.peerScore.isCutOff(row.record.peer)) return 'lost'
    const state = stateOf(row)
    if (state !== 'alive') return state
    const runs = this.#components.follow.runsOf(row.record.peer)
    return runs.some(({ controller }) => this.isHere(controller)) ? 'busy' : 'alive'
  }

  #path(row: Row): MemberView['path'] {
    const { peer } = row.record
    if (peer === this.#init.self) return 'self'
    if (this.#components.peerScore.isCutOff(peer)) return 'cut-off'
    if (this.#components.streams.connected(peer)) return this.#components.streams.isRelayed(peer) ? 'relayed' : 'direct'
    return isHere(row) ? 'indirect' : 'none'
  }
}
