/** A member that runs jobs with real programs, and a controller that is a test, at the two ends of a stream. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { createLog } from '../../../node/log.ts'
import type { Streams } from '../../../node/mesh/streams.ts'
import { Audit } from '../../../node/processes/audit.ts'
import { Cgroups } from '../../../node/processes/cgroups.ts'
import { Containers } from '../../../node/processes/containers.ts'
import { Guards } from '../../../node/processes/guards.ts'
import { RunPrograms } from '../../../node/processes/run-programs.ts'
import { JobRecords } from '../../../node/store/job-records.ts'
import type { GraphHost } from '../../../node/work/jobs/graph-host.ts'
import type { GraphHostInit, HostParts } from '../../../node/work/jobs/host-init.ts'
import { JobService } from '../../../node/work/jobs/job-service.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { GraphAt } from '../../../protocols/jobs/graph-at.ts'
import { type Job, job } from '../../../protocols/jobs/job.ts'
import { type FromJobs, jobStreamProtocol, type ToJobs } from '../../../protocols/jobs/job-stream.ts'
import { type Call, call, serve } from '../../../protocols/stream.ts'
import { scratchArtifacts } from '../../artifacts/scratch-artifacts.ts'
import { linkTo, newSigner } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { createWorkspace } from '../../helpers/workspace.ts'

export const RUN = '20261122T213015-k3f9ab'
export const graph: GraphAt = { role: 'work', step: { number: 1, name: 'default', sample: 1 } }
export const controller = newSigner()

export const jobOf = (name: string, script: string, more: object = {}): Job =>
  v.parse(job, { name, ...(script === '' ? {} : { script }), ...more })

export type Told<T extends FromJobs['type']> = Extract<FromJobs, { type: T }>

/** What a controller says and hears on one stream. */
export class Speaker {
  readonly heard: FromJobs[] = []
  /** With the code of the error that ended it, if one did. */
  readonly ended: Promise<string | undefined>
  readonly #call: Call<ToJobs, FromJobs>

  constructor(exchange: Call<ToJobs, FromJobs>) {
    this.#call = exchange
    this.ended = this.#read()
  }

  say = (message: ToJobs) => this.#call.send(message)

  /** @param n which one that fits, from 1 */
  async hears<T extends FromJobs['type']>(
    type: T,
    fits: (message: Told<T>) => boolean = () => true,
    n = 1
  ): Promise<Told<T>> {
    return await until(() => this.all(type).filter(fits)[n - 1], {
      what: () => `${type} is told: ${JSON.stringify(this.heard.map(each => each.type))}`
    })
  }

  all<T extends FromJobs['type']>(type: T): Told<T>[] {
    return this.heard.filter(each => each.type === type) as Told<T>[]
  }

  abort(): void {
    this.#call.abort(new Error('cut'))
  }

  async #read(): Promise<string | undefined> {
    try {
      for await (const each of this.#call) this.heard.push(each)
      return undefined
    } catch (cause) {
      return (cause as BakError).code
    }
  }
}

interface Given {
  jobs: Job[]
  slots?: number
  host?: Partial<GraphHostInit>
  /** Programs are kept apart from this process as the daemon of root, or of another user, keeps those of others. */
  apart?: 'user' | 'sandbox'
  /** Takes the place of a fetch of what is not here. */
  fetch?: HostParts['swarms']['fetch']
}

export async function memberWith({ jobs, slots = 4, host: change = {}, apart, fetch }: Given) {
  const { folder, supervisor, close } = createWorkspace('jobs')
  const log = createLog('error', () => {})
  const { store, imports } = await scratchArtifacts()
  const member = newSigner()
  const records = new JobRecords({ folder: join(folder, 'records'), self: member.peer, log })
  const data = join(folder, 'data')
  mkdirSync(data)
  const audit = new Audit({ path: join(folder, 'audit'), onError: () => {} })
  const work = join(folder, 'work')
  mkdirSync(work)
  const about = { run: RUN, by: 'c', isOwn: false, data, treatmentOf: async () => 'apart' as const }
  const uid = apart === 'sandbox' ? 65_534 : process.getuid?.()
  const programs =
    apart != null
      ? (await guardsIn({ home: folder, work, supervisor, audit, uid })).forRun(about)
      : new RunPrograms(
          {
            ...{
              isolation: { how: 'owner', limit: true },
              workFolders: undefined,
              supervisor,
              audit,
              limits: {},
              keep: []
            },
            cgroups: new Cgroups({ key: 'test', limits: {}, folder }, { v1: {} }),
            ...{ containers: new Containers({ folder, runtime: undefined, isRoot: true }), network: true }
          },
          about
        )
  let handler: Parameters<Streams['serve']>[1] | undefined
  const components = {
    streams: {
      serve: async (_: unknown, served: unknown) => {
        handler = served as typeof handler
      }
    } as unknown as Streams,
    swarms: {
      store,
      fetch: async (digest: string, options: never) => {
        if (store.get(digest) != null) return { bytes: 0, source: 0 }
        if (fetch != null) return await fetch(digest, options)
        throw new BakError('unreachable', 'nobody has it')
      }
    } as unknown as HostParts['swarms']
  }
  const publish = (result: Parameters<HostParts['publish']>[0]) => records.keep(result)
  const service = new JobService(components, {
    ...{ log, signer: member, imports, records, publish, slots },
    controllerOf: run => (run === RUN ? controller.peer : undefined)
  })
  await service.start()
  const served = serve(jobStreamProtocol, handler as never)
  const init: GraphHostInit = {
    ...{ run: RUN, graph, controller: controller.peer, self: member.peer, jobs, programs },
    variablesOf: ({ env }) => env,
    told: { BAK_RUN: RUN },
    folder: join(work, RUN, 'jobs'),
    lostTimeoutMs: 0,
    owner: `member ${RUN}`,
    judge: async () => undefined,
    now: Date.now,
    ...change
  }
  const speakers: Speaker[] = []
  return {
    ...{ member, service, store, imports, records, folder, init },
    open: (): GraphHost => service.open(init),
    /** A new stream of the controller, or of another peer. */
    speak: async (
      running: { job: string; attempt: number }[] = [],
      { peer = controller.peer, run = RUN } = {}
    ): Promise<Speaker> => {
      const speaker = new Speaker(await call(linkTo(served, peer).open, jobStreamProtocol))
      speakers.push(speaker)
      await speaker.say({ type: 'open', run, graph, running })
      return speaker
    },
    close: async () => {
      for (const each of speakers) each.abort()
      await programs.end()
      records.close()
      await close()
    }
  }
}

const guardsIn = (parts: Pick<Parameters<typeof Guards.open>[0], 'home' | 'work' | 'supervisor' | 'audit' | 'uid'>) =>
  Guards.open({
    ...{ ...parts, limits: { pids: 512, bytes: 1024 ** 3, entries: 10_000, nofile: 1024 } },
    allow: { workloads: 'guarded', network: true, environment: [], paths: true }
  })

export const offer = (
  name: string,
  attempt = 1,
  inputs: Extract<ToJobs, { type: 'offer' }>['inputs'] = []
): ToJobs => ({
  ...{ type: 'offer', job: name, attempt, inputs }
})
