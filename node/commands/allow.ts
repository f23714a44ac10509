/** `bak-node allow`: the owner's rules in force, and whether a run would be let in. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { BakError, whyOf } from '../../protocols/errors.ts'
import { checkSpec, type RunFile, readRunFile } from '../../protocols/run-file.ts'
import { addCommand, ask, print } from '../command.ts'

const EXAMPLES = `
Examples:
  bak-node allow                             the rules in force, where each is set, and how programs of others run
  bak-node allow --try run.toml --as cleo    whether that run of cleo would be let in here now; status 77 if not`

export function addAllow(program: Command): void {
  addCommand(program, 'allow', 'what runs of others may do here, and whether a run would be let in', act)
    .option('--try <file>', 'a run file; it is judged as at join')
    .option('--as <peer>', 'the peer whose run it is (default: this peer)')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
}

async function act(command: Command): Promise<void> {
  const { try: file, as, json } = command.opts<{ try?: string; as?: string; json?: boolean }>()
  if (file == null && as != null) throw new BakError('usage', '--as names the peer of a run: give the run with --try')
  const { peer, refused, ...shown } = await ask(command, 'allow', {
    spec: file == null ? undefined : await specIn(file),
    as
  })
  if (json) print(JSON.stringify({ peer, refused, ...shown }))
  else if (file == null)
    print([...shown.rules.flatMap(linesOf).map(inWords), ...shown.guards.map(words => `  ${words}`)].join('\n'))
  else if (refused == null) print(`${file} of ${as ?? 'this peer'} would be let in`)
  if (file != null && refused != null)
    throw new BakError('not-allowed', `${file} of ${as ?? 'this peer'} would be refused: ${refused}`)
}

/** What runs on the controller decides nothing here: a file without a command can be judged, too. */
async function specIn(file: string) {
  const text = await readFile(file, 'utf8').catch(cause => {
    throw new BakError('bad-run-file', `--try ${file}: ${whyOf(cause)}`, { cause })
  })
  const spec = readRunFile(text, file)
  return checkSpec(isMeasured(spec) ? spec : { command: ['true'], ...spec })
}

/** Whether something takes the place of a command. */
const isMeasured = ({ workload = [], task = [], job = [] }: RunFile) =>
  workload.some(({ role }) => role !== 'server') ||
  task.length > 0 ||
  job.some(({ role }) => role == null || role === 'work')

interface Rule {
  key: string
  value?: unknown
  origin: string
}

/** A rule of several numbers has a line for each. */
const linesOf = ({ key, value, origin }: Rule): Rule[] =>
  typeof value === 'object' && value != null && !Array.isArray(value)
    ? Object.entries(value).map(([name, each]) => ({ key: `${key}.${name}`, value: each, origin }))
    : [{ key, value, origin }]

const inWords = ({ key, value, origin }: Rule) =>
  `${key.padEnd(18)} ${(JSON.stringify(value) ?? 'not set').padEnd(24)} ${origin}`
