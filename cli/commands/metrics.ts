/** `bak metrics`: what the workload of a run measured, and what its tools did, in tables. */
import type { Command } from 'commander'
import { exitStatus } from '../../protocols/errors.ts'
import { globOf } from '../../protocols/glob.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { type MetricSample, type MetricSamples, metricSamples } from '../../protocols/metric-samples.ts'
import { terminalWidth } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, RESULT, setAction } from '../command.ts'
import { fittingTable } from '../fitting-table.ts'
import { formatValue } from '../format-value.ts'
import { METRIC_HEAD, metricRow } from '../metric-rows.ts'
import { writeNotes } from '../output.ts'
import { isSampleOf, openResult, type Result } from '../result/open-result.ts'
import { SeriesChoice, type SeriesOf, type Wanted } from '../result/series-rows.ts'
import { formatSeries, SeriesTotals } from '../result/series-tables.ts'
import { taskMetricsOfMembers } from '../result/task-metrics.ts'
import { readTasks } from '../result/tasks.ts'

/** Values of samples in a cell. */
const MAX_VALUES = 12
const DIGITS = 4

export function define(command: Command): void {
  command.argument('<run>', RESULT)
  addSeriesFlags(command)
  addExamples(command, {
    'bak metrics last': 'of the workload by iteration with each sample, and which metrics the tools have',
    'bak metrics last --metric "disk.*" --member db-1': 'each series of these, a line a sample',
    'bak metrics last --metric cpu.busy --json': 'a line of JSON a series'
  })
  setAction<Wanted>(command, act)
}

/** Flags that say which series. */
export function addSeriesFlags(command: Command): void {
  addFlag(command, '--metric <pattern>', 'only these, such as cpu.busy or "disk.*"; a workload\'s or a tool\'s')
  addFlag(command, '--member <names>', 'only of these members, with commas')
  addFlag(command, '--tool <pattern>', 'only what this tool measured')
  addFlag(command, '--sample <pattern>', 'only of this iteration or sample: 1-4k, or "1-4k/sample2"')
}

async function act(context: Context, wanted: Wanted, run = ''): Promise<number> {
  const { json, print, printLines } = context
  const result = await openResult(context, run)
  const choice = new SeriesChoice(result, wanted)
  const stated = wanted.tool == null ? chosenOf(await statedIn(result, wanted), wanted) : []
  if (json) {
    for (const each of stated) await print(JSON.stringify({ of: 'workload', ...each }))
    for await (const each of choice.index()) await print(JSON.stringify({ of: 'tool', ...plainOf(each) }))
  } else {
    const isListed = wanted.metric == null && wanted.member == null && wanted.tool == null
    const tables = [formatStated(stated), isListed ? await totals(choice) : await formatSeries(choice.index())]
    const shown = tables.filter(each => each !== '')
    await printLines(shown.length > 0 ? shown.join('\n\n') : `no metrics of ${result.run} fit`)
  }
  await writeNotes(choice.unread.map(({ member, reason }) => `bak: series of ${member} cannot be read: ${reason}`))
  return choice.unread.length === 0 ? 0 : exitStatus.partial
}

async function totals(choice: SeriesChoice): Promise<string> {
  const all = new SeriesTotals()
  for await (const each of choice.index()) all.add(each)
  return all.format()
}

/** Where members are asked for, also what tasks came to on each. */
async function statedIn({ folder, record, samples }: Result, { member }: Wanted): Promise<MetricSamples[]> {
  const all = metricSamples(record)
  if (member == null || record.spec.task.length === 0) return all
  const steps = samples.map(({ step }) => step)
  const read = await readTasks(folder, steps)
  await writeNotes(read.unread.map(({ path, reason }) => `bak: ${path} cannot be read: ${reason}`))
  return [...all, ...taskMetricsOfMembers(read.samples, record)]
}

/** What a workload stated, of all members together, or of one that was asked for. */
type Stated = MetricSamples & { member?: string }

function chosenOf(all: MetricSamples[], { metric = '**', sample = '**', member }: Wanted): Stated[] {
  const [fits, ofSample] = [globOf(metric), globOf(sample)]
  return all.flatMap(each => {
    if (!fits(each.metric)) return []
    const samples = each.samples.filter(({ sample: number }) =>
      isSampleOf({ ...each.iteration, sample: number }, ofSample)
    )
    const parts: Stated[] =
      member == null
        ? [{ ...each, samples }]
        : member
            .split(',')
            .map(name => ({ ...each, member: name, samples: samples.flatMap(one => ofMember(one, name)) }))
    return parts.filter(part => part.samples.length > 0)
  })
}

/** @returns a value for each of its instances */
const ofMember = ({ sample, byMember }: MetricSample, name: string): MetricSample[] =>
  byMember.filter(({ member }) => member === name).map(by => ({ sample, value: by.value, byMember: [by] }))

/** @returns '' where there is nothing */
export function formatStated(stated: Stated[], width = terminalWidth()): string {
  if (stated.length === 0) return ''
  const isOfMembers = stated.some(({ member }) => member != null)
  const rows = stated.map(each => [...(isOfMembers ? [each.member] : []), ...metricRow(each), valuesOf(each)])
  const head = [...(isOfMembers ? ['MEMBER'] : []), ...METRIC_HEAD, 'VALUES']
  // of one sample it is the median
  const ofOne = stated.every(({ samples }) => samples.length === 1) ? ['VALUES'] : []
  const ofAll = new Set(stated.map(({ iteration }) => iteration.number)).size === 1 ? ['ITERATION'] : []
  return fittingTable(head, rows, ['QUARTILES', 'SAMPLES', 'CV', ...ofOne, ...ofAll], width)
}

/** `44.30 44.35 k/s`, in the order of the samples; each with its unit where they have several. */
function valuesOf({ samples, unit }: MetricSamples): string {
  const shown = samples.slice(0, MAX_VALUES).map(({ value }) => formatValue(value, unit, DIGITS))
  const more = samples.length > MAX_VALUES ? ` and ${samples.length - MAX_VALUES} more` : ''
  const units = new Set(shown.map(each => each.slice(each.indexOf(' '))))
  if (units.size > 1 || !shown[0]?.includes(' ')) return `${shown.join(', ')}${more}`
  return `${shown.map(each => each.split(' ')[0]).join(' ')}${[...units]}${more}`
}

const plainOf = ({ step, member, series }: SeriesOf) => ({
  ...(step == null ? {} : { sample: stepFolder(step) }),
  member,
  ...series
})
