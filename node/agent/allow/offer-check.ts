/** Whether a command stays within the offer that this member answered: only that was checked when it joined. */

import { outputPlacement } from '../../../protocols/jobs/stage-outputs.ts'
import { stepFolder } from '../../../protocols/layout.ts'
import type { Offer } from '../../../protocols/manifest.ts'
import { type Command, roleIn } from '../../../protocols/phase.ts'
import type { StagedEntry } from '../../../protocols/staged.ts'
import { mayHaveSample, triggerOf } from '../../../protocols/triggered.ts'
import { exceedsJobs } from './job-parts.ts'
import { exceedsTasks } from './task-parts.ts'

/** Longest time from the command `start` to its instant: a longer one is a mistake, for which the member would wait. */
const MAX_START_DELAY_MS = 60_000

/** @param self the member; @returns the part of the command that the offer does not have, in words; undefined if there is none */
export function exceedsOffer(command: Command, offer: Offer, self: string): string | undefined {
  const { spec, controller } = offer
  const { phase, step, part, at, issued, groups, tools, when, staged } = command
  if (phase === 'sysinfo' && spec.sysinfo === 'none') return 'the offer has no sysinfo'
  if (phase === 'work' && part == null && controller !== self) return 'a command runs on the controller of its run only'
  const role = part == null ? undefined : roleIn(part)
  if (phase === 'work' && role != null && !spec.workload.some(each => each.role === role))
    return `the offer has no ${part}`
  if (staged != null && (phase !== 'stage' || when == null)) return 'what jobs have made is staged behind them'
  const foreign = staged?.find(each => !isAsked(each, spec))
  if (foreign != null) return `the offer has no output of a job that is staged as ${foreign.path}`
  if (tools != null && phase !== 'start') return 'tools come and go with start'
  if ((phase === 'start' || phase === 'work') && at != null && at - issued > MAX_START_DELAY_MS)
    return `it is to start ${Math.round((at - issued) / 1000)} s after its command`
  const untriggered = groups?.find(group => triggerOf(spec, group) == null)
  if (groups != null && phase !== 'start' && phase !== 'stop')
    return `groups of tools neither start nor stop at ${phase}`
  if (untriggered != null) return `the offer has no trigger for group ${untriggered}`
  if (phase !== 'start' && phase !== 'work' && phase !== 'stop' && phase !== 'send') return undefined
  if (phase === 'work' && part === 'jobs') return exceedsJobs(command, offer, self)
  if (step == null) return `${phase} without a sample that it is about`
  if (!mayHaveSample(spec, step)) return `the offer has no sample ${stepFolder(step)}`
  return phase === 'work' ? exceedsTasks(command, offer, self) : undefined
}

const isAsked = (entry: StagedEntry, { stage_outputs }: Offer['spec']): boolean =>
  entry.tool == null && stage_outputs.some(each => outputPlacement(each) === entry.path && each.for === entry.for)
