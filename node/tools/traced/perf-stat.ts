/** perf stat of linux-perf: how often events of processors and of the kernel happen. */
import { perfCounts } from './perf-counts.ts'

export const perfStat = perfCounts({
  name: 'perf-stat',
  summary: 'counts of events of the processors and of the kernel (perf stat)',
  events:
    'cycles,instructions,branches,branch-misses,cache-references,cache-misses,' +
    'task-clock,context-switches,cpu-migrations,page-faults'
})
