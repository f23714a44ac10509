/** `bak gc`: deletes what is left on this peer of runs that are over. */
import type { Command } from 'commander'
import { readDuration } from '../../protocols/duration.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatAge, formatBytes } from '../format.ts'

interface Options {
  older?: string
  dryRun?: boolean
}

export function define(command: Command): void {
  command.argument('[run]', 'any unique part of its id')
  addFlag(command, '--older <time>', 'only what is at least so old, such as 12h or 7d')
  addFlag(command, '--dry-run', 'delete nothing, and list what would be')
  addExamples(command, {
    'bak gc --older 0s --dry-run': 'all that nobody has collected from this peer',
    'bak gc k3f9ab': 'gives up what this peer still has of one run',
    'bak gc --older 7d':
      'without it, what is as old as the setting leftovers says; the daemon deletes that by itself, too'
  })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context, { older, dryRun }: Options, run?: string): Promise<void> {
  const olderThanMs = older == null ? undefined : readDuration(older)
  const { deleted } = await ask('gc', { run, olderThanMs, dryRun })
  if (json) return print(JSON.stringify({ deleted, dryRun }))
  if (deleted.length === 0) return print('nothing of that age is left of runs that are over')
  const rows = deleted.map(({ kind, run, files, bytes, since }) => [
    run,
    kind,
    files,
    formatBytes(bytes),
    formatAge(Date.now() - since)
  ])
  await printLines(formatTable([dryRun ? 'WOULD DELETE' : 'DELETED', 'KIND', 'FILES', 'BYTES', 'AGE'], rows))
}
