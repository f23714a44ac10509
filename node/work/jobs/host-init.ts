/** What jobs are run with on a member: what the daemon has for those of all runs, and what is known of one graph of a run. */
import type { Signed, Signer } from '../../../protocols/envelope.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import type { JobResult } from '../../../protocols/jobs/job-result.ts'
import type { JobOffer } from '../../../protocols/jobs/job-stream.ts'
import type { Imports } from '../../artifacts/import-artifact.ts'
import type { Swarms } from '../../artifacts/swarm/swarms.ts'
import type { Log } from '../../log.ts'
import type { Programs } from '../../processes/programs.ts'
import type { JobRecords } from '../../store/job-records.ts'
import type { MachineSlots } from './machine-slots.ts'

/** What the daemon has for the jobs of all runs. */
export interface HostParts {
  log: Log
  signer: Signer
  slots: MachineSlots
  swarms: Pick<Swarms, 'fetch' | 'store'>
  imports: Pick<Imports, 'take'>
  records: Pick<JobRecords, 'logs' | 'byKeys' | 'resultsOf'>
  /** Keeps a result that was signed here, and lets others know of it. */
  publish(result: Signed<JobResult>): void
}

export interface GraphHostInit {
  run: string
  graph: GraphAt
  /** Peer ids. */
  controller: string
  self: string
  /** Those of the role of the graph. */
  jobs: readonly Job[]
  variablesOf(job: Job): Record<string, string>
  /** What each of them is told beside that. */
  told: Record<string, string>
  /** In the home, for what they write. */
  folder: string
  programs: Pick<Programs, 'spawn'>
  /** ms for which the controller waits for a member that it cannot reach; 0 is for ever. */
  lostTimeoutMs: number
  /** Who needs what they leave, in the store, until the run is over here. */
  owner: string
  /**
   * @returns the id of the image in which it is to run, of one that names an image
   * @throws {BakError} `not-allowed` naming the rule of the owner by which it does not run here, `tool-unavailable` where its image cannot
   */
  judge(job: Job, inputs: JobOffer['inputs']): Promise<string | undefined>
  /** This moment, on the clock of the controller. */
  now(): number
}
