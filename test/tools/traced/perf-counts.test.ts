/** What perf prints, as CSV with the time of day. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { countsAsCsv } from '../../../node/tools/traced/perf-counts.ts'

const counts = suite('counts of perf stat')

// perf 6.1 on a machine without hardware counters
const WHOLE = `# started on Mon Nov 30 22:25:02 2026

     0.500565571;5429;;sched:sched_switch;1001415061;100.00;5.421;K/sec
     0.500565571;<not supported>;;cycles;0;100.00;;
     0.500565571;1001.41;msec;task-clock;1001413669;100.00;2.003;CPUs utilized
     1.000905196;<not counted>;;page-faults;0;0.00;;
`

counts('each has the time in ms since 1970, its value, unit, event and the share of the time counted', () => {
  assert.equal(countsAsCsv(WHOLE, 1_796_000_000_000).trim().split('\n'), [
    'time,place,value,unit,event,share',
    '1796000000500.6,,5429,,sched:sched_switch,100.00',
    '1796000000500.6,,<not supported>,,cycles,100.00',
    '1796000000500.6,,1001.41,msec,task-clock,100.00',
    '1796000001000.9,,<not counted>,,page-faults,0.00'
  ])
})

counts('with --per-core the place and the number of its processors come first', () => {
  const text = '     1.001130137;S0-D0-C0;1;1001.07;msec;task-clock;1001069527;100.00;1.001;CPUs utilized\n'
  assert.is(
    countsAsCsv(text, 0),
    'time,place,value,unit,event,share\n1001.1,S0-D0-C0 1,1001.07,msec,task-clock,100.00\n'
  )
})

counts('with -A the processor comes first', () => {
  const text = '     1.001130137;CPU1;3310;;context-switches;1001069527;100.00;3.307;K/sec\n'
  assert.is(countsAsCsv(text, 0).split('\n')[1], '1001.1,CPU1,3310,,context-switches,100.00')
})

counts('what is no count is left out', () => {
  assert.is(countsAsCsv('garbage\n;;;\n1.0;\n# started\n', 0), 'time,place,value,unit,event,share\n')
})

counts.run()
