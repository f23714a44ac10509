/** Compares a list of the peers that should be in the mesh with those that are. */
import { readFileSync } from 'node:fs'
import type { MemberView } from '../protocols/control.ts'
import { BakError, whyOf } from '../protocols/errors.ts'
import { formatTable } from '../protocols/text-table.ts'

interface Difference {
  /** Names as in the list, and the last known states. */
  missing: Array<{ name: string; state?: MemberView['state'] }>
  unexpected: Array<{ name: string; peer: string }>
}

/** @returns the names or peer ids in a file: one a line, # begins a comment. @throws {BakError} `usage` */
export function readExpected(path: string): string[] {
  try {
    const lines = readFileSync(path === '-' ? 0 : path, 'utf8').split('\n')
    return lines.map(line => line.replace(/#.*/, '').trim()).filter(name => name !== '')
  } catch (cause) {
    throw new BakError('usage', `--expected ${path}: ${whyOf(cause)}`, { cause })
  }
}

/** Pure. Each line names one peer: by its id, else by its unique name, else by its own name. */
export function compare(expected: string[], members: MemberView[]): Difference {
  const here = new Set(members.filter(({ state }) => state !== 'left' && state !== 'lost'))
  const take = (fits: (member: MemberView) => boolean) => {
    const found = [...here].find(fits)
    return found != null && here.delete(found)
  }
  let rest = expected
  // exact names first, so that they do not lose their peer to a name that fits two
  for (const key of ['peer', 'shown', 'name'] as const)
    rest = rest.filter(each => !take(member => member[key] === each))
  const gone = (each: string) => members.find(({ peer, shown, name }) => [peer, shown, name].includes(each))?.state
  return {
    missing: rest.map(name => ({ name, state: gone(name) })),
    unexpected: [...here].map(({ shown, peer }) => ({ name: shown, peer }))
  }
}

export function formatDifference({ missing, unexpected }: Difference): string {
  const rows = [
    ...missing.map(({ name, state }) => ['missing', name, state === 'left' || state === 'lost' ? state : undefined]),
    ...unexpected.map(({ name, peer }) => ['unexpected', name, peer])
  ]
  return rows.length === 0 ? 'as expected' : formatTable(['', 'NAME', ''], rows)
}
