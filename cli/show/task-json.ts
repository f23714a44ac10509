/** The tasks of a sample as JSON: what `tasks.json` has, without what is drawn, which is most of it. Pure. */
import { stepFolder } from '../../protocols/layout.ts'
import type { Distribution, TaskResult } from '../../protocols/tasks/tasks-file.ts'
import type { SampleTasks } from '../result/tasks.ts'

export const plainSample = ({ step, format: _, tasks, ...sample }: SampleTasks) => ({
  sample: stepFolder(step),
  ...sample,
  tasks: tasks.map(({ throughput: { rows: _, ...throughput }, members, ...task }) => ({
    ...plainMeasured(task),
    throughput,
    members: members.map(plainMeasured)
  }))
})

type Measured = Pick<TaskResult, 'seconds' | 'latency' | 'service' | 'processing'>

const plainMeasured = <T extends Measured>({ seconds: _, latency, service, processing, ...rest }: T) => ({
  ...rest,
  ...{ latency: plainTimes(latency), service: plainTimes(service), processing: plainTimes(processing) }
})

function plainTimes(distribution: Distribution | undefined) {
  if (distribution == null) return undefined
  const { histogram: _, ...rest } = distribution
  return rest
}
