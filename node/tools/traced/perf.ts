/** perf record of linux-perf: which code the processors are in, by samples. */
import { FOLDED_FILE } from '../../../protocols/layout.ts'
import { unknownWord } from '../known-words.ts'
import { observingProgram, type Values, type Wanted } from '../observing-program.ts'
import { inOwnMounts } from './own-mounts.ts'
import { hasCounters, tryEvents, whyNoEvents } from './perf-access.ts'
import { perfResults, REPORT } from './perf-results.ts'
import { RECORD_WORDS, wordsIn } from './perf-words.ts'

const MAX_WORDS = 4096

const recordWords = ({ values, words }: Wanted): string[] => [
  ...wordsIn(values['record-opts']),
  ...(values.callgraph === true ? ['-g'] : []),
  ...words
]

export const perf = observingProgram({
  name: 'perf',
  summary: 'which code the processors are in, by samples (perf record)',
  needs: {
    ...{ debian: 'linux-perf', fedora: 'perf' },
    privilege: 'root, or kernel.perf_event_paranoid below 1'
  },
  hasInterval: false,
  settings: [
    {
      name: 'record-opts',
      type: 'string',
      noPath: true,
      default: '-a --freq=100',
      summary: 'words of perf record: what is sampled, and how often',
      check: text => (text.length <= MAX_WORDS ? undefined : `expected up to ${MAX_WORDS} characters`)
    },
    { name: 'callgraph', type: 'boolean', default: false, summary: 'with the callers of each function' },
    {
      name: 'report',
      type: 'boolean',
      default: true,
      summary: `also ${REPORT} and ${FOLDED_FILE}: a machine can name the functions of its own programs only`
    }
  ],
  size: 256,
  files: [
    { name: 'perf.data', what: 'the samples: perf report -i, perf script -i' },
    { name: REPORT, what: 'what perf report prints of them' },
    { name: FOLDED_FILE, what: 'a line for each stack, from the program to the innermost function, and its samples' }
  ],
  known: RECORD_WORDS,
  brings: values => {
    const word = unknownWord(wordsIn(values['record-opts']), RECORD_WORDS)
    return word == null ? undefined : `with ${word.slice(0, 40)}`
  },
  // the buildid cache would copy programs; with the monotonic clock perf.data has the time of day, too
  argv: wanted => ['perf', 'record', '-N', '--clockid=monotonic', '-o', 'perf.data', ...recordWords(wanted)],
  asStarted: argv => inOwnMounts('tracefs', argv),
  output: 'perf.data',
  grace: 10_000,
  versionFlag: '--version',
  whyNot: async values => (isOfAll(values) ? whyNoEvents() : undefined) ?? withoutCounters(),
  async tryOut(wanted) {
    const { why } = await tryEvents(statWords(recordWords(wanted)))
    return why
  },
  finish: (context, { values }) => (values.report === true ? perfResults(context) : Promise.resolve([]))
})

const isOfAll = (values: Values) => wordsIn(values['record-opts']).some(word => word === '-a' || word === '--all-cpus')

const withoutCounters = () =>
  hasCounters() ? undefined : { partly: 'no hardware counters here: it samples by the clock of the processor' }

/** Those that `perf stat` has, too: what is observed, and of whom. */
function statWords(words: string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (/^(-a|--all-cpus|(-[eCpt]|--(event|cpu|pid|tid)=).+)$/.test(word)) kept.push(word)
    else if (/^(-[eCpt]|--(event|cpu|pid|tid))$/.test(word)) kept.push(word, words[++at] ?? '')
  }
  return kept
}
