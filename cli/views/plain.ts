/** The view of a run for logs and CI: a line a phase, and a heartbeat line while nothing happens. */
import { describeChange } from '../../protocols/changed-tools.ts'
import type { RunEvent } from '../../protocols/events.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { describeStated } from '../../protocols/metric.ts'
import type { WorkloadResult } from '../../protocols/phase.ts'
import { describeShortfall } from '../../protocols/shortfall.ts'
import { isOfTask } from '../../protocols/work-entry.ts'
import { describeBegun, formatAge, formatBytes, formatDuration } from '../format.ts'
import { describeJobs, notesOfJobs } from '../jobs/job-notes.ts'
import { reduceJobs } from '../jobs/job-progress.ts'
import type { LiveOutput } from '../live-output.ts'
import { countWork, type MemberWork, noteOf } from '../member-work.ts'
import { writeNotes } from '../output.ts'
import { describeBeside, noProgress, type Progress, reduce, stoppedBy } from '../progress.ts'
import { countBytes, countPresent, elapsedAt } from '../progress-counts.ts'
import { describeLoad, notesOfEnd, notesOfLoad } from '../task-notes.ts'
import { concludeRun } from '../verdict.ts'
import { describeWaiting } from '../waiting.ts'
import type { View } from './view.ts'

/**
 * @param heartbeat ms without a line after which one says that the run continues
 * @param explain whether it says at the end why each job was run or not
 */
export function plainView(heartbeat: number, output: LiveOutput, run?: string, explain = false): View {
  let state: Progress = { ...noProgress, run }
  let timer: NodeJS.Timeout | undefined
  const print = (text: string) => {
    timer?.refresh()
    return writeNotes([text])
  }
  const beat = () => print(describeHeartbeat(state, Date.now()))
  return {
    start: async begun => {
      state = { ...state, run: begun.run }
      timer = setInterval(beat, heartbeat)
      await print(describeBegun(begun))
    },
    show: async event => {
      const before = state
      state = reduce(state, event)
      timer ??= setInterval(beat, heartbeat)
      if (event.type === 'output') return output.show(event)
      if (event.type === 'workload-ended') output.count(event)
      for (const line of describe(state.run, event, before)) await print(line)
    },
    say: print,
    finish: async (run, ended, moved) => {
      clearInterval(timer)
      timer = undefined
      const lacking = await output.finish(run, ended != null)
      const last = ended == null ? [] : await concludeRun(run, ended, moved, { ...state, explain })
      await writeNotes([...lacking, ...last])
    }
  }
}

/** @param before the event @returns the lines of an event; most have one or none */
export function describe(run: string | undefined, event: RunEvent, before = noProgress): string[] {
  return wordsOf(stoppedBy(before.cancelled, event), before).map(
    words => `${new Date(event.at).toISOString()} run=${run} ${words}`
  )
}

function wordsOf(event: RunEvent, { work, tasks, jobs, cancelled }: Progress): string[] {
  if (event.type === 'graph' || event.type === 'job') return notesOfJobs(event, jobs, reduceJobs(jobs, event))
  if (event.type === 'load') return notesOfLoad(tasks, event)
  if (event.type === 'join-point') return notesOfEnd(event)
  const words = phraseOf(event, work, cancelled == null ? 'failed' : 'cancelled')
  return words == null ? [] : [words]
}

/** @param badly the word for what did not go well */
function phraseOf(event: RunEvent, work: MemberWork, badly: 'failed' | 'cancelled'): string | undefined {
  switch (event.type) {
    case 'waiting':
      return describeWaiting(event, event.at)
    case 'work':
      return noteOf(work, event)
    case 'workload-ended':
      if (event.member != null) return noteOf(work, event)
      // that the jobs of a sample ended is told by the last of them, and that a task did at its join point
      if (event.jobs) return undefined
      if (isOfTask(event)) return event.error == null ? undefined : `task=${event.name} ${badly}: ${event.error}`
      return `phase=work step=${stepFolder(event.step)} ${describeExit(event, badly)} ${formatDuration(event.duration)}`
    case 'phase-closed': {
      // that the workload ran is no verdict on it: its own line follows
      if (event.phase === 'work' && event.part == null && event.verdict === 'met') return undefined
      const what = [
        `phase=${event.phase}`,
        event.part,
        event.element,
        event.groups && `group=${event.groups.join(',')}`,
        event.when,
        event.step && `step=${stepFolder(event.step)}`
      ].filter(Boolean)
      const verdict = event.verdict === 'met' ? 'ok' : event.phase === 'work' ? badly : 'failed'
      return `${what.join(' ')} ${verdict} ${event.ok}/${event.asked}${event.part === 'jobs' ? ' members' : ''} ${formatDuration(event.took)}${event.reason == null ? '' : `: ${event.reason}`}`
    }
    case 'excluded':
      return `excluded=${event.name} phase=${event.phase} ${event.code}: ${event.reason}`
    case 'lost':
      return `lost=${event.name} it cannot be reached`
    case 'returned':
      return `returned=${event.name}`
    case 'shortfall':
      return `missing=${describeShortfall(event)}`
    case 'tools-changed':
      return `tools=${describeChange(event)}`
    case 'beside':
      return `beside=${describeBeside(event)}`
    case 'refused':
      return `refused=${event.peer} ${event.what} ${event.code}: ${event.reason}`
    case 'warning':
      return `warning: ${event.text}`
    case 'cancel':
      return `cancelled by ${event.by}: ${event.reason}`
    default:
      return undefined
  }
}

const describeExit = ({ exit, signal, error }: WorkloadResult, badly: string) => {
  if (exit === 0 && error == null) return 'ok'
  const how = signal == null ? `exit=${exit}` : `signal=${signal}`
  return `${badly} ${how}${error == null ? '' : ` ${error}`}`
}

function describeHeartbeat(state: Progress, now: number): string {
  const at = `${new Date(now).toISOString()} run=${state.run}`
  if (state.waiting != null) return `${at} still ${describeWaiting(state.waiting, now)}`
  const lost = state.lost.map(({ name, since }) => `, ${name} lost ${formatAge(now - since)} ago`).join('')
  const members = `${countPresent(state)} of ${state.members.length} members${lost}`
  const work = state.work.size === 0 ? '' : `, workloads: ${countWork(state.work)}`
  const stated = state.stated == null ? '' : `, workload: ${describeStated(state.stated)}`
  const bytes = formatBytes(countBytes(state))
  return `${at} still running ${formatAge(elapsedAt(state, now))}, ${members}${work}${describeLoad(state.tasks)}${describeJobs(state.jobs, now)}, ${bytes}${stated}`
}
