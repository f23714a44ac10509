/** What output of a run there is to expect. Pure. */
import type { OutputHead } from '../../protocols/control.ts'
import { type InstanceName, instancesOf, nameOfInstance } from '../../protocols/instances.ts'
import { isSelected, type OutputSelection } from '../../protocols/output.ts'
import type { RunRecord } from '../../protocols/record.ts'

type Planned = Pick<RunRecord, 'run' | 'spec' | 'controller'> & {
  roster: Array<Pick<RunRecord['roster'][number], 'name' | 'workloads' | 'load'>>
}

export function headOf(record: Planned, selection: OutputSelection): OutputHead {
  const { run, spec, roster } = record
  const isMeant = (instance: InstanceName) => isSelected(instance, selection)
  const known = instancesOf(record).filter(isMeant)
  // who will be on the roster is not known yet
  const isOpen = roster.length === 0 && spec.workload.length + spec.task.length > 0
  return {
    run,
    instances: isOpen ? undefined : known.length,
    width: Math.max(0, ...known.map(instance => nameOfInstance(instance).length)),
    samples: spec.iterations.length * spec.samples
  }
}
