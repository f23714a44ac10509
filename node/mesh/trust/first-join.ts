/** Tells whether a ticket by which this peer was never admitted still can admit it: the user who typed it waits for the answer. */
import type { RefusalCode } from '../../../protocols/admission.ts'
import type { Refusing } from '../libp2p/encrypter.ts'

/** Refusals by a peer of the mesh that no retry mends. */
const FINAL_CODES: RefusalCode[] = [
  'no-proof',
  'bad-proof',
  'other-mesh',
  'expired',
  'revoked',
  'used-up',
  'old-secret'
]
const MAX_REFUSALS = 64

export class FirstJoin {
  #refused: Refusing[] = []

  refused(refusing: Refusing): void {
    if (refusing.direction === 'outbound' && this.#refused.length < MAX_REFUSALS) this.#refused.push(refusing)
  }

  /**
   * To be called when all addresses were tried.
   * @returns why further tries are pointless; undefined while they are not
   */
  finalRefusal(): string | undefined {
    const refused = this.#refused
    this.#refused = []
    const final = refused.find(({ by, code }) => by === 'them' && FINAL_CODES.includes(code))
    if (final != null) return final.reason
    // every peer that answered belongs to another mesh
    if (refused.length > 0 && refused.every(({ code }) => code === 'wrong-secret')) return refused[0]?.reason
    return undefined
  }
}
