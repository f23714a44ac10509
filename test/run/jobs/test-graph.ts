/** A graph that runs on members of a test. */

import type { JobMember } from '../../../node/run/jobs/eligible.ts'
import type { GraphRunInit } from '../../../node/run/jobs/graph-init.ts'
import { GraphRun } from '../../../node/run/jobs/graph-run.ts'
import { check } from '../../../protocols/codec.ts'
import { digestOf } from '../../../protocols/digest.ts'
import type { Signed } from '../../../protocols/envelope.ts'
import { type Job, job as jobSchema } from '../../../protocols/jobs/job.ts'
import type { JobResult } from '../../../protocols/jobs/job-result.ts'
import type { JobChange, JobProgress } from '../../../protocols/jobs/job-state.ts'
import type { LogLine } from '../../../protocols/jobs/job-stream.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { TEST_PLATFORM, TestMember, type TestMemberInit } from '../../helpers/job-member.ts'
import { newSigner } from '../../helpers/streams.ts'

export const RUN = '20261122T213015-k3f9ab'
export const GRAPH = { role: 'setup' as const }

/** A job with the defaults of a file: a script of its own, and one output where it has no others. */
export const jobOf = (given: Record<string, unknown> & { name: string }): Job =>
  check(jobSchema, { role: 'setup', script: `make ${given.name}`, outputs: ['out'], ...given }, 'usage')

export const digest = (text: string): string => digestOf(Buffer.from(text))

interface TestGraphInit {
  jobs: Job[]
  /** One for each member. */
  members: Array<Partial<TestMemberInit> & { facts?: Partial<JobMember> }>
  run?: Partial<Omit<GraphRunInit, 'on'>>
}

export class TestGraph {
  readonly members: TestMember[]
  readonly graph: GraphRun
  readonly changes: JobChange[] = []
  readonly progress: JobProgress[] = []
  readonly lines: Array<{ job: string; attempt: number; member: string; lines: LogLine[] }> = []
  readonly results: Signed<JobResult>[] = []
  readonly self = newSigner()

  constructor({ jobs, members, run = {} }: TestGraphInit) {
    const controller = this.self.peer
    this.members = members.map(given => new TestMember({ run: RUN, graph: GRAPH, jobs, controller, ...given }))
    this.graph = new GraphRun({
      ...{ run: RUN, graph: GRAPH, jobs, leftOut: [], given: new Map(), earlier: new Map() },
      members: this.members.map(({ peer, max, platform }, rank) => ({
        ...{ peer, name: `n${rank + 1}`, rank, fits: () => true, cores: 4, memory: 2 ** 33 },
        ...{ platform: platform ?? TEST_PLATFORM, slots: max },
        ...members[rank]?.facts
      })),
      open: peer => (this.members.find(each => each.peer === peer) as TestMember).link.open,
      ...{ variablesOf: () => ({}), cache: false, failFast: false, lostTimeoutMs: 0, self: controller },
      known: () => [],
      ...run,
      on: {
        change: change => void this.changes.push(change),
        progress: progress => void this.progress.push(progress),
        lines: (job, attempt, member, lines) => void this.lines.push({ job, attempt, member, lines }),
        result: result => void this.results.push(result)
      }
    })
  }

  /** @returns its entries by job */
  async run(): Promise<Record<string, JobEntry>> {
    this.graph.start()
    return this.end()
  }

  async end(): Promise<Record<string, JobEntry>> {
    const entries = await this.graph.ended
    this.graph.stop()
    return Object.fromEntries(entries.map(each => [each.job, each]))
  }

  /** The states that a job was told to be in, one behind the other. */
  statesOf(job: string): string[] {
    return this.changes.filter(each => each.job === job).map(({ state }) => state)
  }

  /** Where in the changes a job was first told to be in a state. */
  at(job: string, state: string): number {
    return this.changes.findIndex(each => each.job === job && each.state === state)
  }
}

export const stateOf = (entries: Record<string, JobEntry>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).map(([job, { state }]) => [job, state]))
