/** The times of the tool `gauge` around each sample: keeps them, and says which machine is slower than it was or than its like. */
import type { Signed } from '../../../protocols/envelope.ts'
import { cutText } from '../../../protocols/fields.ts'
import { describeSlow, type GaugedMember, type Slow, slowIn } from '../../../protocols/gauge.ts'
import { stepFolder } from '../../../protocols/layout.ts'
import type { Ack } from '../../../protocols/phase.ts'
import { MAX_GAUGED, MAX_RECORD_REMARKS, type RunRecord } from '../../../protocols/record.ts'
import { isSameStep, type PlannedPhase } from '../plan.ts'
import type { RunHook } from './hook.ts'

type Gauges = NonNullable<RunRecord['gauges']>

/** @returns the hook of one run */
export function gauges(): RunHook {
  const said = new Set<string>()
  return {
    name: 'gauges',
    after(at, run, answers) {
      const { record, events } = run
      const when = at.phase === 'start' ? 'before' : at.phase === 'stop' ? 'after' : undefined
      if (when == null || at.step == null) return
      const told = answers.filter(({ value }) => value.gauge != null)
      if (told.length === 0) return
      record.gauges ??= []
      noteGauges(record.gauges, at.step, when, told, peer => run.nameOf(peer) ?? peer)
      if (when === 'before') return
      const news = slowIn(samplesOf(record.gauges)).filter(slow => !said.has(keyOf(slow)))
      for (const slow of news) said.add(keyOf(slow))
      for (const text of describeSlow(news)) events.store({ type: 'warning', text: cutText(text) })
    },
    async close({ record }) {
      const found = describeSlow(slowIn(samplesOf(record.gauges ?? []))).map(cutText)
      if (found.length > 0) record.remarks = [...(record.remarks ?? []), ...found].slice(0, MAX_RECORD_REMARKS)
    }
  }
}

/** What is said once, whatever the factor becomes. */
const keyOf = ({ member, kind, than }: Slow) => `${member} ${kind} ${than}`

export const samplesOf = (all: Gauges) => all.map(({ step, members }) => ({ sample: stepFolder(step), members }))

/** Adds what members told before or after a sample. */
export function noteGauges(
  all: Gauges,
  step: NonNullable<PlannedPhase['step']>,
  when: 'before' | 'after',
  answers: Signed<Ack>[],
  nameOf: (peer: string) => string
): void {
  let sample = all.findLast(each => isSameStep(each.step, step))
  if (sample == null) {
    if (all.length >= MAX_GAUGED) return
    sample = { step, members: [] }
    all.push(sample)
  }
  for (const { by, value } of answers) {
    const { gauge } = value
    if (gauge == null) continue
    const name = nameOf(by)
    let member: GaugedMember | undefined = sample.members.find(each => each.name === name)
    if (member == null) {
      member = { name, model: gauge.model, usual: gauge.usual }
      sample.members.push(member)
    }
    member[when] = gauge.reading
  }
}
