/** `bak logs`: prints the output of the workload. */
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { callDaemon } from '../../protocols/control-http.ts'
import { OUTPUT_FILES, parseResultPath } from '../../protocols/layout.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { writeTo } from '../output.ts'

interface Options {
  stdout?: boolean
  stderr?: boolean
}

const STREAMS = ['stdout', 'stderr'] as const
type Stream = (typeof STREAMS)[number]

export function define(command: Command): void {
  command.argument('<run>', 'any unique part of its id, or last')
  addFlag(command, '--stdout', 'only its stdout')
  addFlag(command, '--stderr', 'only its stderr')
  addExamples(command, {
    'bak logs last > output.txt': 'stdout goes to stdout, stderr to stderr',
    'bak logs last --stderr': 'only its stderr'
  })
  setAction(command, act)
}

async function act({ socket, json, ask, print }: Context, options: Options, run = ''): Promise<void> {
  const wanted = (stream: Stream) => options[stream] ?? !(options.stdout || options.stderr)
  const { folder, record } = await ask('describe', { run })
  const isOver = record != null && JSON.parse(record).state === 'ended'
  if (folder != null && isOver) return printFiles(folder, wanted, json, print)
  for await (const event of callDaemon(socket, 'attach', { run })) {
    if (event.type !== 'output' || !wanted(event.stream)) continue
    await (json
      ? print(JSON.stringify({ stream: event.stream, text: event.text }))
      : writeTo(process[event.stream], event.text))
  }
}

async function printFiles(
  folder: string,
  wanted: (stream: Stream) => boolean,
  json: boolean,
  print: Context['print']
): Promise<void> {
  for (const { path, stream } of await listFiles(folder)) {
    if (!wanted(stream)) continue
    for await (const text of createReadStream(join(folder, path), 'utf8')) {
      await (json ? print(JSON.stringify({ path, stream, text })) : writeTo(process[stream], text))
    }
  }
}

/** In the order in which they were written. */
async function listFiles(folder: string) {
  const paths = await readdir(folder, { recursive: true })
  const files = paths.flatMap(path => {
    const parsed = parseResultPath(path)
    if (parsed?.kind !== 'workload') return []
    const { step, member, rest } = parsed
    const stream = STREAMS.find(each => OUTPUT_FILES[each] === rest)
    return stream == null ? [] : [{ path, step, member, stream }]
  })
  return files.sort(
    (a, b) =>
      a.step.number - b.step.number ||
      a.step.sample - b.step.sample ||
      a.member.localeCompare(b.member) ||
      b.stream.localeCompare(a.stream)
  )
}
