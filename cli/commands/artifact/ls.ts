/** `bak artifact ls` and `find`: what artifacts there are, a line each, with who has it and which job made it. */
import type { Command } from 'commander'
import type { CallResponse } from '../../../protocols/control.ts'
import { callDaemon } from '../../../protocols/control-http.ts'
import { type ErrorCode, exitStatus } from '../../../protocols/errors.ts'
import type { ArtifactRow } from '../../../protocols/jobs/job-records.ts'
import { formatTable } from '../../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { formatAge, formatBytes } from '../../format.ts'
import { writeNotes } from '../../output.ts'

interface Options {
  run?: string
}

type OfPeer = CallResponse<'artifacts'>

/** Characters of a digest that a table shows. */
const SHORT = 16
/** Members that a line names. */
const MAX_NAMED = 4

export function defineList(command: Command): void {
  addFlag(command, '--run <run>', 'what this run made, also what nobody has any more')
  addExamples(command, { 'bak artifact ls --run last': 'the outputs of the jobs of a run' })
  setAction<Options>(command, (context, { run }) => list(context, { run }))
}

export function defineFind(command: Command): void {
  command.argument('<text>', 'in the name of its job or its path, its release, or the begin of its digest')
  addFlag(command, '--run <run>', 'only of this run')
  addExamples(command, { 'bak artifact find libz': 'whatever has libz in its path, and the outputs of jobs called so' })
  setAction<Options>(command, (context, { run }, text) => list(context, { run, text }))
}

async function list(
  { socket, json, print, printLines }: Context,
  request: { run?: string | undefined; text?: string | undefined }
): Promise<number> {
  const answers: OfPeer[] = []
  let failed: ErrorCode | undefined
  for await (const answer of callDaemon(socket, 'artifacts', request)) {
    if (answer.error != null) failed ??= answer.code ?? 'unreachable'
    if (json) await print(JSON.stringify(answer))
    else answers.push(answer)
  }
  const lines = linesOf(answers)
  if (!json && lines.length === 0) await print('no artifacts')
  else if (!json) await printLines(formatArtifacts(lines, Date.now()))
  const silent = answers.filter(({ error }) => error != null)
  await writeNotes(silent.map(({ name, error }) => `${name} did not say what it has: ${error}`))
  // what one peer does not say another may have said
  return failed == null ? 0 : exitStatus.partial
}

export interface ArtifactLine extends Pick<ArtifactRow, 'digest' | 'kind' | 'bytes' | 'made' | 'name' | 'path'> {
  holders: string[]
  releases: string[]
  isNeeded: boolean
  isPinned: boolean
  used: number
}

/** @returns each artifact once, by the word of all peers; the newest first. Pure. */
export function linesOf(answers: OfPeer[]): ArtifactLine[] {
  const lines = new Map<string, ArtifactLine>()
  for (const { name: holder, artifacts } of answers) {
    for (const {
      digest,
      kind,
      bytes,
      made,
      name,
      path,
      here,
      releases = [],
      needed,
      pinned,
      used,
      stored
    } of artifacts) {
      const line = lines.get(digest) ?? {
        ...{ digest, kind, bytes, made: [], holders: [], releases: [], isNeeded: false, isPinned: false, used: 0 }
      }
      lines.set(digest, {
        ...line,
        made: made.length > line.made.length ? made : line.made,
        name: line.name ?? name,
        path: line.path ?? path,
        holders: here ? [...line.holders, holder] : line.holders,
        releases: [...new Set([...line.releases, ...releases])],
        isNeeded: line.isNeeded || needed === true,
        isPinned: line.isPinned || pinned === true,
        used: Math.max(line.used, used ?? 0, stored ?? 0, made[0]?.at ?? 0)
      })
    }
  }
  return [...lines.values()].sort((a, b) => b.used - a.used)
}

export function formatArtifacts(lines: ArtifactLine[], now: number): string {
  const rows = lines.map(({ digest, kind, bytes, made, holders, releases, isNeeded, isPinned, name, path, used }) => {
    const [last] = made
    const kept = [
      ...releases,
      ...(isPinned && releases.length === 0 ? ['pinned'] : []),
      ...(isNeeded ? ['in use'] : [])
    ]
    return [
      digest.slice(0, SHORT),
      last == null ? (name ?? path) : outputsOf(made),
      kind,
      formatBytes(bytes),
      last?.run,
      holders.length === 0 ? 'nobody' : namesOf(holders),
      kept.join(', '),
      used === 0 ? undefined : formatAge(now - used)
    ]
  })
  return formatTable(['DIGEST', 'WHAT', 'KIND', 'BYTES', 'RUN', 'ON', 'KEPT', 'USED'], rows)
}

/** Several outputs may have the same content. */
function outputsOf(made: ArtifactLine['made']): string {
  const [first, second, ...others] = new Set(made.map(({ job, path }) => `${job}/${path}`))
  const named = second == null ? first : `${first}, ${second}`
  return others.length === 0 ? `${named}` : `${named} and ${others.length} more`
}

const namesOf = (holders: string[]) =>
  `${holders.slice(0, MAX_NAMED).join(', ')}${holders.length > MAX_NAMED ? ` and ${holders.length - MAX_NAMED} more` : ''}`
