/** `bak tag`: gives a result tags beside its seal, takes such away, or prints all that it has. */
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, RUN, setAction } from '../command.ts'
import { parseEach, parsePair } from '../spec-flags.ts'

export function define(command: Command): void {
  command.argument('<run>', RUN).argument('[tags...]', 'KEY=VALUE')
  addFlag(command, '--remove <key>', 'take a tag away, repeatable', parseEach)
  addExamples(command, {
    'bak tag last kernel=6.18 keep=yes': 'bak ls --where "tags.kernel = 6.18" finds it; its seal stays as it was',
    'bak tag k3f9ab --remove keep': 'what was given with the run is sealed, and stays',
    'bak tag last': 'all tags, and which are sealed'
  })
  setAction(command, act)
}

async function act(
  { json, ask, print, printLines }: Context,
  { remove = [] }: { remove?: string[] },
  run = '',
  ...words: string[]
): Promise<void> {
  const { sealed, later, ...about } = await ask('tag', { run, set: pairsIn(words.flat()), remove })
  if (json) return print(JSON.stringify({ ...about, sealed, later }))
  const rows = [
    ...Object.entries(sealed).map(([key, value]) => [key, value, 'with the run, sealed']),
    ...Object.entries(later)
      .filter(([key]) => !Object.hasOwn(sealed, key))
      .map(([key, value]) => [key, value, 'later, beside the seal'])
  ]
  if (rows.length === 0) return print(`run ${about.run} has no tags`)
  await printLines(
    formatTable(
      ['TAG', 'VALUE', 'GIVEN'],
      rows.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    )
  )
}

/** @throws {BakError} `usage` */
function pairsIn(words: string[]): Record<string, string> {
  let pairs: Record<string, string> = {}
  for (const word of words) {
    try {
      pairs = parsePair(word, pairs)
    } catch {
      throw new BakError('usage', `${word} is no tag: KEY=VALUE`)
    }
  }
  return pairs
}
