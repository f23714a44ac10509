/** Whether a ticket that has never let this peer in ever will: a person who typed it waits for that. */
import type { RefusalCode } from '../../../protocols/admission.ts'
import type { Refusing } from '../libp2p/encrypter.ts'

/** Told by a peer of the mesh, these do not get better by trying on. */
const FINAL: RefusalCode[] = ['no-proof', 'bad-proof', 'other-mesh', 'expired', 'revoked', 'used-up', 'old-secret']
const MAX_KEPT = 64

export class FirstJoin {
  #refused: Refusing[] = []

  refused(refusing: Refusing): void {
    if (refusing.direction === 'outbound' && this.#refused.length < MAX_KEPT) this.#refused.push(refusing)
  }

  /**
   * All addresses were tried.
   * @returns why there is no hope; undefined while there is
   */
  hopeless(): string | undefined {
    const refused = this.#refused
    this.#refused = []
    const final = refused.find(({ by, code }) => by === 'them' && FINAL.includes(code))
    if (final != null) return final.reason
    // whoever answered at all is of another mesh
    if (refused.length > 0 && refused.every(({ code }) => code === 'wrong-secret')) return refused[0]?.reason
    return undefined
  }
}
