/** Jobs: what each of a thousand that do nothing costs beside GNU parallel, and what the controller does while one takes long. */
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import type { RunFile } from '../../../protocols/run-file.ts'
import type { Bench } from '../bench.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { alternate, type Contender, type Entrant } from '../measure.ts'
import { DRIVER, MEMBER_LABEL, type Mesh, Spent } from '../mesh.ts'
import { findProgram, type Program } from '../peers/programs.ts'
import { cpuOf, cpuOfAlone } from '../processes.ts'

const PARALLEL = 'GNU parallel'
const PARALLEL_PROGRAM = 'parallel'
const MEMBERS = 8
const JOBS = 1_000
/** A round starts as many processes as there are jobs, several times: a few are enough. */
const MOST_ROUNDS = 3
/** That nothing waits for, and its part behind the start in which the controller has nothing to do, s. */
const LONG = 8
const LOOKED = 6
const IDLE = 'no run'

const run = promisify(execFile)

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const mesh = await bench.mesh(MEMBERS)
  const rounds = Math.min(bench.options.rounds, MOST_ROUNDS)
  // beside as many at once
  const atOnce = MEMBERS * availableParallelism()
  const trivial = await alternate([trivialJobs(mesh), await parallel(atOnce)], { rounds, warmUps: 1 })
  const what = `${JOBS} jobs that do nothing, on ${MEMBERS} daemons`
  yield figure(`${what}, of each`, 'ms', 'each', trivial, {
    budgets: [most(10, 'ms')],
    note: `${atOnce} at once, scripts of one line, for both; of bak with a folder, a log and a signed result each, as long as the graph goes on`
  })
  yield figure(`${what}, of each with the run around them`, 'ms', 'whole', trivial)
  yield figure(`${what}, processor time of each, all daemons and jobs`, 'ms', 'cpu', trivial)
  yield figure(`${what}, processor time of each, the controller`, 'ms', 'driver', trivial)
  yield figure('the same again, of each', 'ms', 'again', trivial, { note: 'the results are known: nothing is run' })
  const long = await alternate([longJob(mesh), idle(mesh)], { rounds, warmUps: 0 })
  yield figure(`controller while one job of ${LONG} s runs, processor`, '% of a core', 'share', long, {
    budgets: [most(1, '% of a core')]
  })
}

/** Figures: ms `each` of the graph, and `whole` of the run; processor time, `cpu` and `driver`; `again`, where all are reused. */
function trivialJobs(mesh: Mesh): Contender {
  let round = 0
  return {
    name: BAK,
    async round() {
      const names = Array.from({ length: JOBS }, (_, at) => `j${at}`)
      // no result of an earlier round is known, nor one of another job
      const spec = jobs(
        names.map(name => ({ name, script: ':', env: { NAME: name } })),
        `${process.pid}.${++round}`
      )
      const spent = new Spent(mesh, `${JOBS} jobs`)
      spent.begin()
      const before = cpuOf(mesh.pids)
      const { graph, whole } = await graphOf(mesh, spec, 'done')
      const cpu = cpuOf(mesh.pids) - before
      spent.end()
      const again = await graphOf(mesh, spec, 'reused')
      const { driver } = spent.each(JOBS)
      return { each: graph / JOBS, whole: whole / JOBS, cpu: cpu / JOBS, driver, again: again.graph / JOBS }
    }
  }
}

/** Figures: `share` of a core that the controller takes while a job runs. */
function longJob(mesh: Mesh): Contender {
  return {
    name: BAK,
    async round() {
      const share = Promise.withResolvers<number>()
      const spec = jobs(
        [
          { name: 'long', script: `sleep ${LONG}` },
          { name: 'behind', needs: ['long'], script: ':' }
        ],
        'long'
      )
      await mesh.run({ ...spec, jobs: { ...spec.jobs, cache: false } }, event => {
        if (event.type === 'job' && event.job === 'long' && event.state === 'running') shareOf(mesh).then(share.resolve)
      })
      return { share: await share.promise }
    }
  }
}

const idle = (mesh: Mesh): Contender => ({ name: IDLE, round: async () => ({ share: await shareOf(mesh) }) })

/** @returns % of a core that the controller takes, in the seconds that begin a second from now */
async function shareOf(mesh: Mesh): Promise<number> {
  const pause = (s: number) => new Promise(resolve => setTimeout(resolve, s * 1000))
  await pause(1)
  const pids = [mesh.pidOf(DRIVER)]
  const [began, before] = [performance.now(), cpuOfAlone(pids)]
  await pause(LOOKED)
  return ((cpuOfAlone(pids) - before) / (performance.now() - began)) * 100
}

const jobs = (job: NonNullable<RunFile['job']>, round: string) =>
  ({ job: job.map(each => ({ on: MEMBER_LABEL, ...each })), jobs: { env: { ROUND: round } } }) satisfies RunFile

/** @returns ms from the first word of the graph to the end of its last job, and of the whole run */
async function graphOf(mesh: Mesh, spec: RunFile, state: 'done' | 'reused'): Promise<{ graph: number; whole: number }> {
  let [began, ended, count] = [0, 0, 0]
  const start = performance.now()
  await mesh.run(spec, event => {
    if (event.type === 'graph') began = performance.now()
    if (event.type !== 'job' || event.state !== state) return
    count++
    ended = performance.now()
  })
  if (count !== spec.job?.length) throw new Error(`${count} of ${spec.job?.length} jobs were ${state}`)
  return { graph: ended - began, whole: performance.now() - start }
}

/** The same figures, but for those of a daemon. */
async function parallel(atOnce: number): Promise<Entrant> {
  const program = findProgram(PARALLEL_PROGRAM)
  if ('absent' in program) return { name: PARALLEL, ...program }
  const { stdout } = await run(program.path, ['--version'], { env: envOf(program) })
  // moreutils has another program of this name
  if (!stdout.startsWith('GNU parallel')) return { name: PARALLEL, absent: `${program.path} is another program` }
  const words = ['--jobs', `${atOnce}`, ':', ':::', ...Array.from({ length: JOBS }, (_, at) => `${at}`)]
  return {
    name: PARALLEL,
    async round() {
      // with its children, which it waits for
      const [began, before] = [performance.now(), cpuOfAlone([process.pid])]
      await run(program.path, words, { env: envOf(program) })
      const [took, cpu] = [performance.now() - began, cpuOfAlone([process.pid]) - before]
      return { each: took / JOBS, whole: took / JOBS, cpu: cpu / JOBS }
    }
  }
}

const envOf = ({ env }: Program) => ({ ...process.env, ...env })
