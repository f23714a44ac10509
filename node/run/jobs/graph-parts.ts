/** What the parts of the run of a graph share. */

import type { ArtifactProviders } from './artifact-providers.ts'
import type { GraphRunInit } from './graph-init.ts'
import type { GraphMember } from './graph-member.ts'
import type { GraphStates } from './graph-states.ts'
import type { JobQueue } from './job-queue.ts'
import type { Outcome, TrackedJob } from './tracked-job.ts'

export interface GraphParts {
  readonly init: GraphRunInit
  readonly states: GraphStates
  readonly members: ReadonlyMap<string, GraphMember>
  readonly queue: JobQueue<TrackedJob, GraphMember>
  readonly holders: ArtifactProviders
  /** What needs it is skipped, and where the first failure ends all, the rest is cancelled. */
  fail(job: TrackedJob, outcome: Outcome): void
  /** Gives what waits to members that have room, soon. */
  pump(): void
}
