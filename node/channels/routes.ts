/** Over whose line the controller tells a member: its own, or that of the head of its branch. */

import { TOLD_AGAIN } from '../run/open-phase.ts'
import { type Branch, branchesOf, peersIn } from './tree.ts'

export interface RoutesInit {
  /** In the order of their ranks, without the controller. */
  peers: string[]
  fanout: number
  /** Whether a member's line is open and it still takes part. */
  isOpen(peer: string): boolean
}

export class Routes {
  readonly #isOpen: RoutesInit['isOpen']
  /** The head whose line leads to a member below it. */
  readonly #heads = new Map<string, string>()
  readonly #below = new Map<string, string[]>()
  /** Whom their heads cannot tell in this phase. */
  readonly #astray = new Set<string>()

  constructor({ peers, fanout, isOpen }: RoutesInit) {
    this.#isOpen = isOpen
    for (const branch of branchesOf(peers, fanout)) this.#add(branch)
  }

  #add(branch: Branch): void {
    const [head, ...below] = peersIn(branch) as [string, ...string[]]
    if (below.length > 0) this.#below.set(head, below)
    for (const peer of below) this.#heads.set(peer, head)
  }

  /** A new phase: whoever could not be told may have been found since. */
  begin(): void {
    this.#astray.clear()
  }

  /** @returns those of the peers that were not known to be astray */
  stray(peers: string[]): string[] {
    const news = peers.filter(peer => !this.#astray.has(peer))
    for (const peer of news) this.#astray.add(peer)
    return news
  }

  /** @returns whose lines are to carry a command, each once, so that all of the peers hear it */
  to(peers: string[], attempt: number): string[] {
    return [...new Set(peers.map(peer => this.#via(peer, attempt)))]
  }

  #via(peer: string, attempt: number): string {
    const head = this.#heads.get(peer)
    if (head == null || attempt >= TOLD_AGAIN || this.#astray.has(peer) || !this.#isOpen(head)) return peer
    return head
  }

  /** Whom a head answers for. */
  below(head: string): string[] {
    return this.#below.get(head) ?? []
  }

  /** Whether a member's answer may come over the line of another. */
  speaksFor(line: string, peer: string): boolean {
    return this.#heads.get(peer) === line
  }
}
