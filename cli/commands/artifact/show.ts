/** `bak artifact show`: which job made an artifact, where and of what, and who has it. */
import type { Command } from 'commander'
import type { CallResponse, ProvenResult } from '../../../protocols/control.ts'
import { exitStatus } from '../../../protocols/errors.ts'
import { formatFacts } from '../../../protocols/text-table.ts'
import { addFlag, type Context, setAction } from '../../command.ts'
import { formatBytes, formatDuration, formatTime } from '../../format.ts'
import { nameOfGraph } from '../../jobs/job-progress.ts'
import { writeNotes } from '../../output.ts'
import { formatSection } from '../../show/section.ts'

interface Options {
  run?: string
}

const SHORT = 12

export function defineShow(command: Command): void {
  command.argument('<what>', 'a digest or its begin, RUN/JOB/OUTPUT, or a release')
  addFlag(command, '--run <run>', 'an output of this run: JOB/OUTPUT, or OUTPUT')
  setAction(command, show)
}

async function show({ json, ask, print, printLines }: Context, { run }: Options, what = ''): Promise<number> {
  const artifact = await ask('artifact', { what, run })
  const { silent = [] } = artifact
  if (json) await print(JSON.stringify(artifact))
  else await printLines(formatArtifact(artifact))
  if (!json) await writeNotes(silent.map(({ name, reason }) => `${name} did not say whether it has it: ${reason}`))
  return silent.length > 0 ? exitStatus.partial : 0
}

export function formatArtifact({ digest, kind, bytes, made, holders }: CallResponse<'artifact'>): string {
  const [last] = made
  const releases = [...new Set(holders.flatMap(({ artifact }) => artifact.releases ?? []))]
  const path = last?.outputs.find(each => each.digest === digest)?.path
  const sections = [
    formatFacts({
      digest,
      kind,
      bytes: `${bytes} (${formatBytes(bytes)})`,
      'released as': releases.join(', '),
      on: holders.length === 0 ? 'nobody that can be reached' : holders.map(({ name }) => name).join(', '),
      ...(last == null ? { 'made by': 'no job that is known' } : madeBy(last, path))
    }),
    formatSection(
      ['INPUT', 'DIGEST'],
      (last?.inputs ?? []).map(input => [input.path, input.digest.slice(0, SHORT)])
    ),
    formatSection(
      ['ALSO MADE BY', 'RUN', 'MEMBER', 'WHEN'],
      made
        .slice(1)
        .map(({ job, run, byName, by, began }) => [
          ...[job, run, byName ?? by],
          began == null ? undefined : formatTime(began)
        ])
    )
  ]
  return sections.filter(section => section !== '').join('\n\n')
}

/** As its member signed it. */
function madeBy(result: ProvenResult, path: string | undefined) {
  const { job, run, graph, attempt, exit, by, byName, began, duration, key, lines, platform, image } = result
  return {
    'made by': `${job}${path == null ? '' : `, as ${path}`}`,
    run: `${run}, ${nameOfGraph(graph)}`,
    member: `${byName ?? by}, attempt ${attempt}`,
    peer: by,
    exit,
    began: began == null ? undefined : `${formatTime(began)} UTC`,
    took: formatDuration(duration),
    platform: image == null ? platform : `${platform}, ${image}`,
    key,
    log: `${lines} lines: bak job log ${run}/${job}`
  }
}
