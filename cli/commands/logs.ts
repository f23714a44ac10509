/** `bak logs`: gives back the output of workloads, also while the run goes on. */
import type { Command } from 'commander'
import type { OutputHead } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { BakError, exitStatus } from '../../protocols/errors.ts'
import type { OutputStream } from '../../protocols/output.ts'
import { addExamples, addFlag, type Context, RUN, setAction } from '../command.ts'
import { describeMissing } from '../describe-missing.ts'
import { onSignals } from '../interrupt.ts'
import { writeNotes, writeOutput } from '../output.ts'
import { PrefixedOutput } from '../prefixed-output.ts'

interface Options {
  member?: string
  workload?: string
  stdout?: boolean
  stderr?: boolean
  follow?: boolean
  raw?: boolean
}

export function define(command: Command): void {
  command.argument('<run>', RUN)
  addFlag(command, '--member <name>', 'only of this member')
  addFlag(command, '--workload <name>', 'only of this workload, or of one instance of it as in server.2')
  addFlag(command, '--stdout', 'only stdout')
  addFlag(command, '--stderr', 'only stderr')
  addFlag(command, '--follow', 'go on until the run has ended')
  addFlag(command, '--raw', 'the bytes as they were written, of one instance')
  addExamples(command, {
    'bak logs last':
      'of one instance its bytes, stdout to stdout; of several their lines, each with who wrote it, by time',
    'bak logs last --follow': 'also what is written from now on, straight from the members',
    'bak logs last --member db-1 --workload server --raw > server.txt': 'what one instance wrote, byte for byte',
    'bak logs last --stderr': 'only stderr'
  })
  setAction(command, act)
}

async function act({ socket, json, print }: Context, options: Options, run = ''): Promise<number> {
  const { member, workload, follow, raw } = options
  const isWanted = (stream: OutputStream) => options[stream] ?? !(options.stdout || options.stderr)
  const leaving = new AbortController()
  const leave = () => leaving.abort()
  const release = onSignals({ cancel: leave, detach: leave })
  let prefixed: PrefixedOutput | undefined
  let status = 0
  try {
    for await (const next of callDaemon(
      socket,
      'logs',
      { run, member, workload, follow },
      { signal: leaving.signal }
    )) {
      if ('width' in next) {
        prefixed?.widen(next.width)
        if (!json) prefixed ??= printerFor(next, raw)
        if (next.instances === 0) await writeNotes([`bak: no workload of ${next.run} runs there`])
        continue
      }
      if ('missing' in next) status = exitStatus.partial
      else if (!isWanted(next.stream)) continue
      if (json) await print(JSON.stringify(next))
      else if ('missing' in next) await writeNotes([describeMissing(next)])
      else if (prefixed != null) await prefixed.show(next)
      else await writeOutput(process[next.stream], next)
    }
    await prefixed?.finish()
  } catch (cause) {
    await prefixed?.finish()
    if (leaving.signal.aborted) return exitStatus.interrupted
    throw cause
  } finally {
    release()
  }
  return status
}

/** @returns undefined for one instance, whose bytes are printed as they are @throws {BakError} `usage` for `--raw` of several */
function printerFor(head: OutputHead, raw = false): PrefixedOutput | undefined {
  const { instances, run } = head
  if (instances != null && instances <= 1) return undefined
  if (raw)
    throw new BakError(
      'usage',
      `${instances ?? 'several'} instances write output of ${run}: choose one with --member and --workload, or leave out --raw`
    )
  return new PrefixedOutput(head)
}
