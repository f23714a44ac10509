/** Finds the invitation or peer that a user names: by its name, its id, or the beginning or the end of its id. */
import { BakError } from '../../../protocols/errors.ts'

export interface Named {
  kind: 'invitation' | 'peer'
  id: string
  name?: string
}

/** Shortest part of an id that may name it, characters. */
const MIN_ID_PART = 4

/** @throws {BakError} `no-such-peer`; `usage`, listing all that `what` could mean */
export function findNamed(what: string, all: Named[]): Named {
  const matchers: Array<(each: Named) => boolean> = [
    ({ id }) => id === what,
    ({ name }) => name === what,
    ({ id }) => what.length >= MIN_ID_PART && (id.startsWith(what) || id.endsWith(what))
  ]
  for (const matches of matchers) {
    const found = [...new Map(all.filter(matches).map(each => [each.id, each])).values()]
    if (found.length === 1) return found[0] as Named
    if (found.length > 1) {
      const list = found.map(({ kind, id, name }) => `${kind} ${name ?? ''} ${id}`.replace('  ', ' ')).join('\n  ')
      throw new BakError('usage', `"${what}" can mean ${found.length}; give more of the id:\n  ${list}`)
    }
  }
  throw new BakError(
    'no-such-peer',
    `no invitation and no peer is called "${what}"; bak-node invites and bak members list them`
  )
}
