/** Whether a result can leave the peers of the mesh: whatever members still have of it is here. */

import { BakError } from '../../../protocols/errors.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { SILENT } from '../run-context.ts'

/** Members with data, in one message. */
const MAX_NAMED = 5

/** Only a peer can fetch what members still have: where a result cannot be completed, it is to be whole. @throws {BakError} `not-ready` */
export function checkWhole({ run, sent, roster, excluded }: RunRecord): void {
  const joined = new Set(roster.map(({ peer }) => peer))
  const left = sent.filter(({ arrived }) => !arrived).map(({ name, what }) => `${name} (${what})`)
  const lost = excluded.filter(({ peer, code }) => joined.has(peer) && SILENT.has(code))
  const all = [...new Set([...left, ...lost.map(({ name, code }) => `${name} (${code})`)])]
  if (all.length === 0) return
  const who = listInWords(all, MAX_NAMED)
  throw new BakError(
    'not-ready',
    `members may still have data of ${run}, which only a peer can fetch: ${who}; bak collect ${run} first, or bak copy, which keeps the result here`
  )
}
