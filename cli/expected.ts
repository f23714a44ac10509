/** A list of the peers that should be in the mesh, held against those that are. */
import { readFileSync } from 'node:fs'
import type { MemberView } from '../protocols/control.ts'
import { asBakError, BakError } from '../protocols/errors.ts'
import { formatTable } from './format.ts'

export interface Difference {
  /** As the list calls them, and what is known of them. */
  missing: Array<{ name: string; state?: MemberView['state'] }>
  unexpected: Array<{ name: string; peer: string }>
}

/** @returns the names or peer ids in a file: one a line, # begins a remark. @throws {BakError} `usage` */
export function readExpected(path: string): string[] {
  try {
    const lines = readFileSync(path === '-' ? 0 : path, 'utf8').split('\n')
    return lines.map(line => line.replace(/#.*/, '').trim()).filter(name => name !== '')
  } catch (cause) {
    throw new BakError('usage', `--expected ${path}: ${asBakError(cause).message}`, { cause })
  }
}

/** Each line stands for one peer: its id, else the name that it is shown by, else its own name. Pure. */
export function compare(expected: string[], members: MemberView[]): Difference {
  const here = new Set(members.filter(({ state }) => state !== 'left' && state !== 'lost'))
  const take = (fits: (member: MemberView) => boolean) => {
    const found = [...here].find(fits)
    return found != null && here.delete(found)
  }
  let rest = expected
  // who is meant exactly is found before who only fits
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
