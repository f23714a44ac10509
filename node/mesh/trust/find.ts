/** What a person means who names an invitation or a peer: by its name, its id, or the beginning or the end of its id. */
import { BakError } from '../../../protocols/errors.ts'

export interface Named {
  kind: 'invitation' | 'peer'
  id: string
  name?: string
}

/** The least part of an id that names it, letters. */
const LEAST = 4

/** @throws {BakError} `no-such-peer`; `usage` with all that it could mean */
export function findNamed(what: string, all: Named[]): Named {
  const ways: Array<(each: Named) => boolean> = [
    ({ id }) => id === what,
    ({ name }) => name === what,
    ({ id }) => what.length >= LEAST && (id.startsWith(what) || id.endsWith(what))
  ]
  for (const fits of ways) {
    const found = [...new Map(all.filter(fits).map(each => [each.id, each])).values()]
    if (found.length === 1) return found[0] as Named
    if (found.length > 1) {
      const list = found.map(({ kind, id, name }) => `${kind} ${name ?? ''} ${id}`.replace('  ', ' ')).join('\n  ')
      throw new BakError('usage', `"${what}" can mean ${found.length}; say more of the id:\n  ${list}`)
    }
  }
  throw new BakError(
    'no-such-peer',
    `no invitation and no peer is called "${what}"; bak-node invites and bak members list them`
  )
}
