/** `bak logs`: gives back the output of the workload. */
import type { Command } from 'commander'
import { callDaemon } from '../../protocols/control-http.ts'
import type { OutputStream } from '../../protocols/output.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { writeOutput } from '../output.ts'

interface Options {
  stdout?: boolean
  stderr?: boolean
}

export function define(command: Command): void {
  command.argument('<run>', 'any unique part of its id, or last')
  addFlag(command, '--stdout', 'only its stdout')
  addFlag(command, '--stderr', 'only its stderr')
  addExamples(command, {
    'bak logs last > output.txt':
      'the bytes that it wrote: stdout to stdout, stderr to stderr; of a run that goes on, to its end',
    'bak logs last --stderr': 'only its stderr'
  })
  setAction(command, act)
}

async function act({ socket, json, print }: Context, options: Options, run = ''): Promise<void> {
  const isWanted = (stream: OutputStream) => options[stream] ?? !(options.stdout || options.stderr)
  for await (const portion of callDaemon(socket, 'logs', { run })) {
    if (!isWanted(portion.stream)) continue
    await (json ? print(JSON.stringify(portion)) : writeOutput(process[portion.stream], portion))
  }
}
