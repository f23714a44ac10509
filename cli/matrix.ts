/** Draws the matrix of a run that is planned: its iterations, how often each is measured, in which order, and how long that takes. */
import type { Plan } from '../protocols/control.ts'
import { iterationFolder } from '../protocols/layout.ts'
import type { Search } from '../protocols/tasks/task.ts'
import { formatTable } from '../protocols/text-table.ts'
import { describeTrigger } from '../protocols/trigger.ts'
import { formatCommand, formatDuration, formatLabels } from './format.ts'

/** Iterations that are drawn. */
const MAX_ROWS = 40
/** With more samples the phases of each are named once. */
const MAX_SAMPLES = 4

type Planned = Pick<Plan, 'iterations' | 'order' | 'seed' | 'estimate' | 'phases' | 'triggers'>

/** @returns nothing for a run of one plain sample, and for a search, which takes few of its iterations */
export function drawMatrix({ iterations }: Planned, search?: Search): string {
  if (search != null) return ''
  const [first] = iterations
  if (first == null || (iterations.length === 1 && totalOf(iterations) === 1 && Object.keys(first.params).length === 0))
    return ''
  const rows = iterations
    .slice(0, MAX_ROWS)
    .map(each => [iterationFolder(each), formatLabels(each.params), formatCommand(each.args), describeSamples(each)])
  const more = iterations.length - rows.length
  const table = formatTable(['ITERATION', 'PARAMETERS', 'ARGUMENTS', 'SAMPLES'], rows)
  return more > 0 ? `${table}\nand ${more} more iterations` : table
}

function describeSamples({ warmup, samples, most }: Planned['iterations'][number]): string {
  const counted = most > samples ? `${samples} to ${most}` : `${samples}`
  return warmup === 0 ? counted : `${counted}, after ${warmup} ${warmup === 1 ? 'warm-up' : 'warm-ups'}`
}

const totalOf = (iterations: Planned['iterations']) =>
  iterations.reduce((sum, { samples, warmup }) => sum + samples + warmup, 0)

/** @returns lines for people */
export function describeMatrix(plan: Planned, search?: Search): string[] {
  const { iterations, order, seed, estimate, triggers = [] } = plan
  const total = totalOf(iterations)
  const least = iterations.some(({ most, samples }) => most > samples) ? 'at least ' : ''
  const inOrder = {
    sample: 'all of an iteration in a row',
    iteration: 'one of each iteration in turn',
    interleave: 'one of each iteration in turn, every second round backwards',
    random: seed == null ? 'in random order, with a seed that is chosen at the start' : `in random order, seed ${seed}`
  }[order]
  return [
    `phases: ${describePhases(plan, total, search != null)}`,
    ...triggers.map(
      ({ group, ...trigger }) =>
        `tools of ${group}: while the command goes on, in each window of its output ${describeTrigger(trigger)}, a sample of its own (start, stop)`
    ),
    ...(search == null ? [] : [describeSearch(plan, search)]),
    ...(total === 1 || search != null ? [] : [`samples: ${least}${total}, ${inOrder}`]),
    `time: ${describeEstimate(estimate)}`
  ]
}

function describeSearch({ iterations }: Planned, { from, to, confirm }: Search): string {
  const [parameter = ''] = Object.keys(iterations[0]?.params ?? {})
  return `search: ${parameter} from ${from} to ${to}, ${iterations.length} values, until the highest is known that holds, with ${confirm} ${confirm === 1 ? 'sample' : 'samples'} of it and of the next`
}

function describePhases({ phases }: Planned, total: number, isSearch: boolean): string {
  if (!isSearch && total <= MAX_SAMPLES) return phases.join(', ')
  const first = phases.findIndex(each => each.includes('/'))
  const last = phases.findLastIndex(each => each.includes('/'))
  const of = new Set(phases.slice(first, last + 1).map(each => each.split(' ')[0]))
  return `${phases.slice(0, first).join(', ')}, for each ${isSearch ? 'sample' : `of ${total} samples`} (${[...of].join(', ')}), ${phases.slice(last + 1).join(', ')}`
}

function describeEstimate(estimate: Planned['estimate']): string {
  if (estimate == null)
    return 'not known: no run of this name and program has succeeded here, and the workload has no timeout'
  const length = formatDuration(estimate.seconds * 1000)
  if (estimate.from === 'timeout') return `at most ${length} in the workload, by its timeout`
  if (estimate.from === 'periods') {
    const most = estimate.most == null ? '' : `, at most ${formatDuration(estimate.most * 1000)}`
    return `about ${length} in the workload, by the periods of its tasks${most}`
  }
  return `about ${length}, as the last ${estimate.runs === 1 ? 'run' : `${estimate.runs} runs`} of this name took on this peer`
}
