/** Ends a run in mid task whose threshold no further sample can mend; what was measured until then is kept. */
import { cutText } from '../../../protocols/fields.ts'
import { describeDecision, type Threshold } from '../../../protocols/thresholds/threshold.ts'
import type { RunContext } from '../run-context.ts'
import { Stopped } from '../stopped.ts'
import { isJudgedLive, TaskJudge } from '../task-judge.ts'
import type { RunHook } from './hook.ts'

const EVERY_MS = 1_000

/** @returns the hook of one run */
export function earlyStop(): RunHook {
  let timer: NodeJS.Timeout | undefined
  const end = () => {
    clearInterval(timer)
    timer = undefined
  }
  return {
    name: 'early-stop',
    before({ part, step }, run) {
      if (part !== 'tasks' || step == null || timer != null || !isJudgedLive(run.order.spec, step)) return
      const judge = new TaskJudge(run.record, run.toolReadings)
      timer = setInterval(() => look(judge, run), EVERY_MS).unref()
    },
    after({ phase, groups }) {
      if (phase === 'stop' && groups == null) end()
    },
    async close() {
      end()
    }
  }
}

function look(judge: TaskJudge, run: RunContext): void {
  const missed = judge.missed(run.load?.entries() ?? [], performance.now())
  if (missed == null || run.cancelled.aborted) return
  const why = describeDecision(missed, run.order.spec.threshold?.[missed.threshold] as Threshold)
  run.cancel(new Stopped('threshold', cutText(`${why}, while the task went on; no further sample can mend it`)))
}
