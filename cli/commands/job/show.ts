/** `bak job show`: one job of a run: what it was asked to do, and how that went. */
import type { Command } from 'commander'
import type { JobView, ProvenResult } from '../../../protocols/control.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { formatFacts } from '../../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { formatBytes, formatCommand, formatDuration, formatTime } from '../../format.ts'
import { formatValue } from '../../format-value.ts'
import { whyRun } from '../../jobs/causes.ts'
import { nameOfGraph, stateInWords } from '../../jobs/job-progress.ts'
import { formatSection } from '../../show/section.ts'

interface Options {
  graph?: string
}

/** Characters of a digest: `bak artifact` takes the begin of one. */
const SHORT = 12

export function defineShow(command: Command): void {
  command.argument('<job>', 'JOB of the last run that has it, or RUN/JOB')
  addFlag(command, '--graph <graph>', 'setup, report, or a sample as in 1-default/sample2 (the last that has it)')
  addExamples(command, {
    'bak job show link': 'script, variables, inputs, outputs and attempts',
    'bak job show k3f9ab/link --json | jq -r .script': 'the script, as it was executed',
    'bak job log link': 'what it wrote'
  })
  setAction(command, show)
}

async function show({ json, ask, print, printLines }: Context, { graph }: Options, job = ''): Promise<void> {
  const view = await ask('job', { job, graph })
  if (json) await print(JSON.stringify(view))
  else await printLines(formatJob(view))
}

export function formatJob(view: JobView): string {
  const { entry, inputs, results, script, variables = {} } = view
  const sections = [
    formatFacts(factsOf(view)),
    script == null ? '' : `script:\n${indented(script)}`,
    formatSection(['VARIABLE', 'VALUE'], Object.entries(variables)),
    formatSection(
      ['INPUT', 'FROM', 'DIGEST'],
      inputs.map(({ at, from, digest }) => [at, from, digest?.slice(0, SHORT)])
    ),
    formatSection(
      ['OUTPUT', 'KIND', 'BYTES', 'DIGEST'],
      (entry?.outputs ?? []).map(({ path, kind, bytes, digest }) => [
        path,
        kind,
        formatBytes(bytes),
        digest.slice(0, SHORT)
      ])
    ),
    formatSection(
      ['METRIC', 'VALUE'],
      (results[0]?.metrics ?? []).map(({ name, value, unit }) => [name, formatValue(value, unit)])
    ),
    formatAttempts(entry, results)
  ]
  return sections.filter(section => section !== '').join('\n\n')
}

function factsOf({ run, graph, job, state, at, entry, spec, graphs, results }: JobView) {
  const [result] = results
  const { slots = 1, cores = 0, memory = 0 } = spec ?? {}
  const wants = [
    ...(spec == null || spec.on === 'all' ? [] : [`on ${spec.on}`]),
    ...(slots === 1 ? [] : [`${slots} slots`]),
    ...(cores === 0 ? [] : [`${cores} cores`]),
    ...(memory === 0 ? [] : [formatBytes(memory)]),
    ...(spec?.platform == null ? [] : [spec.platform]),
    ...(spec?.image == null ? [] : [`image ${spec.image}`]),
    ...(spec?.timeout ? [`${spec.timeout} s at most`] : [])
  ]
  const others = graphs.filter(each => each !== nameOfGraph(graph))
  return {
    job: `${job} of ${run}${graph.role === 'work' && others.length === 0 ? '' : `, ${nameOfGraph(graph)}`}`,
    state: stateInWords(state),
    reason: entry?.reason,
    'failed through': entry?.from?.join(', '),
    why: whyRun({ state, why: entry?.why }),
    needs: entry?.needs.join(', '),
    command: spec?.command == null ? undefined : formatCommand(spec.command),
    wants: wants.join(', '),
    member: entry?.member,
    'result of': entry?.run == null || entry.run === run ? undefined : `${entry.run}, by ${result?.byName ?? entry.by}`,
    began: entry?.began == null ? undefined : `${formatTime(entry.began)} UTC`,
    took: entry?.duration == null ? undefined : formatDuration(entry.duration),
    key: result?.key,
    log: result == null ? undefined : logInWords(result),
    'not understood': result?.warnings?.join('; '),
    'told by': at,
    'also in': others.length > 8 ? `${others.slice(0, 8).join(', ')} and ${others.length - 8} more` : others.join(', ')
  }
}

const logInWords = ({ lines, dropped }: ProvenResult) =>
  `${lines} lines${dropped === 0 ? '' : `, ${dropped} of them not kept`}`

const indented = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map(line => `  ${line.replaceAll('\t', '  ')}`)
    .join('\n')

function formatAttempts(entry: JobEntry | undefined, results: ProvenResult[]): string {
  const rows = (entry?.attempts ?? []).map(({ attempt, member, outcome, code, reason, offered, ended }) => {
    const result = outcome === 'refused' ? undefined : results.find(each => each.attempt === attempt)
    return [
      outcome === 'refused' ? undefined : attempt,
      member,
      outcome,
      result?.exit ?? result?.signal,
      // of one that was lost nobody knows more than when that was noticed
      result == null && ended == null ? undefined : formatDuration(result?.duration ?? (ended ?? offered) - offered),
      reason ?? result?.error ?? code
    ]
  })
  return formatSection(['ATTEMPT', 'MEMBER', 'OUTCOME', 'EXIT', 'TOOK', 'REASON'], rows)
}
