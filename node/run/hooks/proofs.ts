/** The proofs of membership of all whom the run was offered to: they are in the result, so that it shows whose signatures those in it are. */
import { encode } from '../../../protocols/codec.ts'
import { PROOFS_FILE } from '../../../protocols/layout.ts'
import type { RunProofs } from '../../../protocols/run-proofs.ts'
import type { RunHook } from './hook.ts'

/** @returns the hook of one run */
export function proofs(): RunHook {
  let written: Promise<unknown> = Promise.resolve()
  return {
    name: 'proofs',
    before({ phase }, { candidates, parts, folder }) {
      if (phase !== 'join') return
      const peers = new Set([parts.signer.peer, ...candidates.map(({ peer }) => peer)])
      const { authority } = parts
      const known: RunProofs = {
        mesh: authority.mesh,
        proofs: [...peers].flatMap(peer => authority.proofOf(peer) ?? [])
      }
      written = folder.write(PROOFS_FILE, encode(known))
      written.catch(() => {})
    },
    close: async () => {
      await written
    }
  }
}
