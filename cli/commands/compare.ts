/** `bak compare`: whether groups of samples differ, by how much, and how sure that is. Exits with 99 where a condition of --fail-on holds. */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { BakError, exitStatus } from '../../protocols/errors.ts'
import { RECORD_FILE } from '../../protocols/layout.ts'
import type { Better } from '../../protocols/metric.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { ASPECTS, type Aspect } from '../compare/alike.ts'
import type { Comparison } from '../compare/comparison.ts'
import type { Form } from '../compare/forms.ts'
import { type Condition, readCondition } from '../compare/gate.ts'
import { cleanJson, cleanLine, writeNotes, writeTo } from '../output.ts'
import { parseNames } from '../spec-flags.ts'
import { writeWhole } from '../write-whole.ts'

interface Options {
  metric?: string[]
  threshold?: number
  better?: Record<string, Better>
  despite?: Aspect[]
  failOn?: Condition[]
  strict?: boolean
  format?: Form
  output?: string
  all?: boolean
  resources?: boolean
}

const FORMATS: Form[] = ['text', 'json', 'csv', 'markdown', 'html']
const DEFAULT_THRESHOLD = 0.02

export function define(command: Command): void {
  command.argument(
    '<groups...>',
    'RUN, RUN:ITERATION, or several with commas, whose samples are one group; the first group is the baseline; one run with several iterations is as many groups'
  )
  addFlag(
    command,
    '--metric <globs>',
    "these metrics of the workload, not its main ones: names, their last parts, or patterns; '*' for all",
    parseNames
  )
  addFlag(command, '--threshold <percent>', 'a change that counts, of the median of the baseline (2%)', parseThreshold)
  addFlag(
    command,
    '--better <metric=more|less>',
    'which direction is better, of a metric that does not say so; repeatable',
    parseBetter
  )
  addFlag(
    command,
    '--despite <what>',
    `compare what was not measured alike, and say so first: ${ASPECTS.join(', ')}, all`,
    parseDespite
  )
  addFlag(
    command,
    '--fail-on <condition>',
    '"p99 > 5%" (it rose), "iops < -5%" (it fell), "worse", "p99 worse than 5%": exit with 99 if that holds; repeatable',
    parseFailOn
  )
  addFlag(command, '--strict', 'exit with 2 if nobody can tell whether a condition of --fail-on holds')
  addFlag(command, '--format <form>', 'text, json, csv, markdown or html (text)', FORMATS)
  addFlag(command, '--output <file>', 'write it to a file')
  addFlag(
    command,
    '--all',
    'every difference of the environment, every resource and, however narrow the screen is, every column'
  )
  addFlag(command, '--no-resources', 'the metrics of the workload only')
  addExamples(command, {
    'bak compare k3f9ab x7d2qm': 'is the second run better than the first?',
    'bak compare last': 'the iterations of one run, the first is the baseline',
    'bak compare last:4k last:1m --metric iops': 'two iterations of it, by one metric',
    'bak compare k3f9ab,p2c8de x7d2qm,m4n6op': 'the samples of two runs against those of two others',
    'bak compare base new --fail-on "p99 > 5%" --strict': 'for CI: 99 if it got slower, 2 if nobody can tell',
    'bak compare base new --format html --output compare.html': 'a page with plots'
  })
  setAction<Options>(command, act)
}

async function act(context: Context, options: Options, ...words: string[]): Promise<number> {
  const form = context.json ? 'json' : (options.format ?? 'text')
  if (context.json && options.format != null && options.format !== 'json')
    throw new BakError('usage', `--json and --format ${options.format} are two forms: leave one out`)
  const { compareResults } = await import('../compare/compare-results.ts')
  const { threshold = DEFAULT_THRESHOLD, despite = [], failOn = [], better = {} } = options
  const comparison = await compareResults(context, words, {
    ...{ threshold, despite, conditions: failOn, better },
    ...{ metrics: options.metric ?? [], withResources: options.resources !== false, withPictures: form === 'html' },
    isFolder: word => existsSync(join(word, RECORD_FILE))
  })
  await write(context, comparison, form, options)
  return statusOf(comparison, options.strict)
}

async function write(
  { printLines }: Pick<Context, 'printLines'>,
  comparison: Comparison,
  form: Form,
  { output, all = false }: Options
) {
  const { render } = await import('../compare/forms.ts')
  const text = await render(comparison, form, { all, width: output == null ? undefined : Number.POSITIVE_INFINITY })
  if (output == null) {
    if (form === 'json') return writeTo(process.stdout, `${cleanJson(text)}\n`)
    // a page is escaped by itself
    return form === 'html' ? writeTo(process.stdout, text) : printLines(text)
  }
  await writeWhole(output, path => writeFile(path, text.endsWith('\n') ? text : `${text}\n`))
  await writeNotes(
    comparison.gates.flatMap(({ condition, failed }) => failed.map(each => cleanLine(`${condition}: ${each}`)))
  )
}

function statusOf({ gates }: Comparison, strict = false): number {
  if (gates.some(({ failed }) => failed.length > 0)) return exitStatus.threshold
  return strict && gates.some(({ undecided }) => undecided.length > 0) ? exitStatus.partial : 0
}

function parseThreshold(value: string): number {
  const [, percent] = /^(\d+(?:\.\d+)?|\.\d+)\s*%?$/.exec(value.trim()) ?? []
  if (percent == null) throw new InvalidArgumentError('It is not a percentage such as 2%.')
  return Number(percent) / 100
}

function parseBetter(value: string, before: Record<string, Better> = {}): Record<string, Better> {
  const [, metric, direction] = /^(.+)=(more|less)$/.exec(value) ?? []
  if (metric == null) throw new InvalidArgumentError('It is not METRIC=more or METRIC=less.')
  return { ...before, [metric]: direction as Better }
}

function parseDespite(value: string, before: Aspect[] = []): Aspect[] {
  const names = value.split(',').map(each => each.trim())
  const unknown = names.find(each => each !== 'all' && !ASPECTS.some(aspect => aspect === each))
  if (unknown != null) throw new InvalidArgumentError(`"${unknown}" is none of ${ASPECTS.join(', ')}, all.`)
  return [...before, ...(names.includes('all') ? ASPECTS : (names as Aspect[]))]
}

function parseFailOn(value: string, before: Condition[] = []): Condition[] {
  const condition = readCondition(value)
  if (condition == null)
    throw new InvalidArgumentError('It is not a condition such as "p99 > 5%", "iops < -5%" or "p99 worse than 5%".')
  return [...before, condition]
}
