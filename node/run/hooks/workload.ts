/** The controller's part of the phase work: lends the workload what the caller gave, shows its output, keeps its result. */
import type { Signed } from '../../../protocols/envelope.ts'
import { type Ack, type Step, stepFolder, type WorkloadResult } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import type { RunFolder } from '../../store/run-folder.ts'
import type { DriverParts, RunOrder } from '../driver-parts.ts'
import type { RunEvents } from '../events.ts'
import type { PhaseRunner } from '../phase-runner.ts'
import { Tail } from '../tail.ts'

export interface WorkInit {
  order: RunOrder
  folder: RunFolder
  events: RunEvents
  record: RunRecord
  parts: DriverParts
  phases: PhaseRunner
}

/** @throws what the phase throws; the result of the workload is in the record and in the journal then, too */
export async function runWork(step: Step, { order, folder, events, record, parts, phases }: WorkInit): Promise<void> {
  const output = folder.path(stepFolder(step), 'workload')
  const tails = (['stdout', 'stderr'] as const).map(
    stream => new Tail(`${output}/${stream}.txt`, text => events.show({ type: 'output', stream, text }))
  )
  parts.agent.lend(order.run, {
    directory: order.directory,
    env: order.env,
    out: path => folder.path(path),
    onStarted: pid => events.store({ type: 'workload-started', step, pid })
  })
  let result: WorkloadResult | undefined
  const onAnswers = (acks: Signed<Ack>[]) => {
    result = acks[0]?.value.workload
    if (result != null) record.workload.push({ step, ...result })
  }
  for (const tail of tails) tail.start(() => events.followed)
  try {
    const asked = new Map([[parts.signer.peer, record.controller.name]])
    await phases.run('work', { step, asked, needed: 1, deadline: 0, onAnswers })
  } finally {
    parts.agent.unlend(order.run)
    for (const tail of tails) await tail.stop()
    if (result != null) events.store({ type: 'workload-ended', step, ...result })
  }
}
