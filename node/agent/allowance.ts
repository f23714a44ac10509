/** Asks the owner's rules about what a peer wants done here, with what this peer knows of the mesh and of the machine. */
import { BakError } from '../../protocols/errors.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import type { Members } from '../mesh/membership/members.ts'
import { Part } from '../part.ts'
import { findProgram } from '../tools/find-program.ts'
import { programRunBy } from '../tools/index.ts'
import { explain, type Rules, refusalOf } from './allow.ts'

interface AllowanceInit {
  /** Peer id of this peer. */
  self: string
  rules: Rules
  /** The file that sets them. */
  file: string
}

export class Allowance extends Part<{ members: Pick<Members, 'list' | 'isHere'> }, AllowanceInit> {
  readonly #members = this.components.members

  /** @throws {BakError} `not-allowed` if the owner of this machine does not let the peer have these tools run here */
  async check(peer: string, tools: Assignment[]): Promise<void> {
    const { self, rules, file } = this.init
    const caller = peer === self ? undefined : { peer, named: (name: string) => this.#peersNamed(name) }
    const refusal = await refusalOf(rules, { caller, tools }, { find: findProgram, runs: programRunBy })
    if (refusal != null) throw new BakError('not-allowed', explain(refusal, file))
  }

  /** @returns the live peers that call themselves by this name */
  #peersNamed(asked: string): string[] {
    const fitting = this.#members.list().filter(({ name, shown }) => name === asked || shown === asked)
    return fitting.map(({ peer }) => peer).filter(peer => this.#members.isHere(peer))
  }
}
