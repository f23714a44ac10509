/** What the machines of the members are like before the first sample: whether they are fit to measure, and in what they differ. */
import type { Signed } from '../../../protocols/envelope.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { Ack } from '../../../protocols/phase.ts'
import { type Comparison, compareFacts, toRecord } from '../../../protocols/sysinfo/differences.ts'
import { describeUnfit, type MemberNoise } from '../../../protocols/sysinfo/noise.ts'
import type { RunHook } from './hook.ts'

/** Lines that are said before the run. */
const MAX_LINES = 4
/** Facts that the line of differences names. */
const MAX_FACTS = 4

export const machines: RunHook = {
  name: 'machines',
  after({ phase }, run, answers) {
    if (phase !== 'init') return
    const { record, events } = run
    const nameOf = (peer: string) => run.nameOf(peer) ?? peer
    record.noise = noiseIn(answers, nameOf)
    const compared = compareFacts(
      new Map(
        answers.flatMap(({ by, value: { machine } }) =>
          machine == null ? [] : [[nameOf(by), new Map(Object.entries(machine))]]
        )
      )
    )
    record.differences = toRecord(compared)
    // who wants nothing of the machines in the result is not told of them
    if (record.spec.sysinfo === 'none') return
    const lines = [...describeUnfit(record.noise, MAX_LINES), ...describeDifferences(compared)]
    for (const text of lines) events.store({ type: 'warning', text })
  }
}

/** @returns the noise of each member that told it, in the order of names */
export function noiseIn(answers: Signed<Ack>[], nameOf: (peer: string) => string): MemberNoise[] {
  const told = answers.flatMap(({ by, value: { noise } }) =>
    noise == null ? [] : [{ name: nameOf(by), findings: noise }]
  )
  return told.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/** @returns one line where members differ: `members differ in 3 facts: cpu.microcode (0x2b on c), ...` */
export function describeDifferences({ differences }: Pick<Comparison, 'differences'>): string[] {
  if (differences.length === 0) return []
  const named = differences.slice(0, MAX_FACTS).map(({ fact, groups: [odd] }) => {
    const item = /^(.*)\.all$/.exec(fact)?.[1]
    const who = odd == null || odd.members.length > 2 ? undefined : odd.members.join(' and ')
    if (item != null) return who == null ? item : `${item} of ${who}`
    return who == null ? fact : `${fact} (${odd?.value ?? 'none'} on ${who})`
  })
  const more = differences.length - named.length
  const facts = `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  return [cutText(`the machines of the members differ in ${facts}: bak sysinfo --diff`)]
}
