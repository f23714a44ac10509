/** The phase `join`: whether this machine can take part, and what it can do. */
import { release } from 'node:os'
import { BakError } from '../../../protocols/errors.ts'
import { broughtByRun } from '../../work/brought-by-run.ts'
import { jobsHere } from '../allow/jobs-here.ts'
import { checkAssignments } from '../tool-check.ts'
import { measureAtJoin, pathNow } from './compare-clocks.ts'
import type { PhaseHandler } from './phase.ts'

/** Checks that the tools may be used here and can be, measures the clock, and says what this machine can do. */
export const join: PhaseHandler = async context => {
  const { member, parts, signal } = context
  const self = parts.self()
  await parts.allow(member)
  const absent = await parts.owner.whyAbsent(member.controller, broughtByRun(member.offer.spec, member))
  if (absent != null) throw new BakError('tool-unavailable', absent)
  if (self.state === 'draining') throw new BakError('draining', `${self.name} takes no new runs`)
  const [clock, tools] = await Promise.all([measureAtJoin(context), checkAssignments(member.tools, parts.catalogue)])
  member.clock = clock
  const missing = tools.filter(tool => !tool.usable)
  if (missing.length > 0 && member.offer.spec.policy.on_missing_tool === 'exclude') {
    throw new BakError('tool-unavailable', missing.map(tool => tool.reason ?? tool.tool).join('; '))
  }
  // last: whoever does not join has nothing to undo
  const jobs = await jobsHere(member.offer, member.self, { owner: parts.owner, slots: parts.jobs.slots })
  const failures = await parts.hooks.join(member, signal)
  await member.save()
  return {
    warnings: [...tools.flatMap(tool => (tool.usable && tool.reason != null ? [tool.reason] : [])), ...failures],
    capabilities: {
      program: self.program,
      os: `${self.os} ${release()}`,
      cores: self.cores,
      clock,
      path: pathNow(context),
      tools,
      jobs,
      guards: parts.owner.guardsInWords().map(words => words.slice(0, 1024))
    }
  }
}
