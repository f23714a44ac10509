/** `bak-node audit`: prints what was started here for others; it needs no daemon. */
import type { Command } from 'commander'
import { addCommand, example, homeOf, print } from '../command.ts'
import { type AuditLine, readAudit } from '../processes/audit.ts'
import { homeAt } from '../store/home.ts'

export function addAudit(program: Command): void {
  addCommand(program, 'audit', 'the programs that were started here for others: who asked, which words, as whom', act)
    .option('--run <run>', 'of this run alone, or of those whose id has this part')
    .option('--json', 'print JSON, a line for each start and end')
    .addHelpText('after', example('bak-node audit --run k3f9ab', 'oldest first; the last 8 to 16 MiB are kept'))
}

async function act(command: Command): Promise<void> {
  const { run = '', json } = command.opts<{ run?: string; json?: boolean }>()
  const lines = (await readAudit(homeAt(homeOf(command)).audit)).filter(line => line.run.includes(run))
  for (const line of lines) print(json ? JSON.stringify(line) : inWords(line))
}

/** Words in front of those of the program. */
const FACTS = 5

/** What others wrote is made safe for a terminal: letters that are not ASCII are escaped. */
function inWords({ at, event, run, by, name, argv, digest, as = '', exit, signal, why }: AuditLine): string {
  const ended = signal == null ? (exit == null ? '' : `exit ${exit}`) : `signal ${signal}`
  const facts = event === 'start' ? [as, `sha256 ${digest}`] : [ended, why ?? '']
  return [
    new Date(at).toISOString(),
    event,
    run,
    by,
    name,
    `[${facts.filter(fact => fact !== '').join('; ')}]`,
    ...argv
  ]
    .map((word, i) => (i <= FACTS || /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ')
    .replace(/[^ -~]/g, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
