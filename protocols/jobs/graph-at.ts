/** Which graph of a run: that of a role, and of `work` in which sample. */
import * as v from 'valibot'
import { type Step, step } from '../phase-step.ts'
import { jobRole } from './job.ts'

export const graphAt = v.object({ role: jobRole, step: v.optional(step) })
export type GraphAt = v.InferOutput<typeof graphAt>

/** @param command `work` of jobs @returns the graph that it is about */
export const graphOf = ({ when, step }: { when?: 'begin' | 'end' | undefined; step?: Step | undefined }): GraphAt =>
  when == null ? { role: 'work', step } : { role: when === 'begin' ? 'setup' : 'report' }
