/** What a person, and what another machine, may have written about jobs. */
import * as v from 'valibot'
import { check, decode, encode } from '../../protocols/codec.ts'
import { seal } from '../../protocols/envelope.ts'
import { applyConditions } from '../../protocols/jobs/conditions.ts'
import { graphOfJobs } from '../../protocols/jobs/graph.ts'
import { inputsOf } from '../../protocols/jobs/job-inputs.ts'
import { jobKey } from '../../protocols/jobs/job-key.ts'
import { type JobResult, jobResultSubject } from '../../protocols/jobs/job-result.ts'
import { variablesOf } from '../../protocols/jobs/job-variables.ts'
import { type JobEntry, jobsFile } from '../../protocols/jobs/jobs-file.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { checkSpec, readRunFile, writeRunFile } from '../../protocols/run-file.ts'
import { spec as specSchema } from '../../protocols/spec.ts'
import { faultsOfJobs } from '../../protocols/verify/jobs-check.ts'
import { controller, member, run, step } from '../protocols/samples.ts'
import type { ReaderInit } from './files.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const digest = 'a'.repeat(64)

const FILE = `[jobs]
env = { CC = "cc", CI = "1" }
allow_env = ["CC", "CI", "X"]
[[job]]
name = "tool"
role = "setup"
command = ["make", "tool"]
outputs = ["tool", "lib/"]
memory = "1.5GiB"
[[job]]
name = "base"
inputs = ["src", { path = "/etc/hosts", as = "h" }, { url = "https://a.b/c.tgz", sha256 = "${digest}" }]
outputs = ["x"]
when = { label = "a=b", env = "CI" }
[job.phases]
one = "true"
two = "make"
[[job]]
name = "app"
needs = ["tool", { job = "base", when = { env = { CC = "cc" } } }]
inputs = [{ job = "base", output = "x", as = "y/x" }]
script = "#!/bin/sh\\ntrue"
[[job]]
name = "table"
role = "report"
needs = ["tool"]
inputs = [{ result = "." }]
script = "x"
`
const spec = checkSpec(readRunFile(FILE, 'run.toml'))
const result: JobResult = {
  ...{
    run,
    graph: { role: 'work', step },
    job: 'base',
    attempt: 1,
    key: digest,
    outcome: 'done',
    timedOut: false,
    exit: 0
  },
  ...{ began: 1_000, duration: 20, inputs: [{ path: 'src', digest }], lines: 1, dropped: 0, tail: ['x'] },
  outputs: [{ path: 'x', digest, kind: 'file', bytes: 3 }],
  platform: 'linux-x64'
}
const sealed = Buffer.from(encode(seal(jobResultSubject, result, member))).toString('base64')
const entry: JobEntry = {
  ...{ graph: result.graph, job: 'base', role: 'work', state: 'done', needs: [], member: 'b', by: member.peer },
  attempts: [{ attempt: 1, member: 'b', outcome: 'done', offered: 900, ended: 1_030, result: sealed }],
  ...{ began: 1_000, duration: 20, outputs: result.outputs, result: sealed }
}
const record = {
  ...{ run, spec, workload: [], verdict: 'ok', controller: { peer: controller.peer, name: 'a' } },
  roster: [{ peer: member.peer, name: 'b' }]
} as unknown as RunRecord

export const jobReaders: ReaderInit[] = [
  {
    name: 'jobs of a run file',
    refusals: ['bad-run-file', 'usage'],
    good: () => [FILE],
    read: bytes => {
      const { job, jobs } = checkSpec({ command: undefined, ...readRunFile(text(bytes), 'run.toml') })
      const applied = applyConditions(job, { fits: () => true, variablesOf: each => variablesOf(each, { jobs }) })
      const { order, needs } = graphOfJobs(applied.jobs)
      if (order.length !== applied.jobs.length) throw new Error('the order has not each job once')
      for (const [i, name] of order.entries())
        if (needs.get(name)?.some(each => order.indexOf(each) >= i)) throw new Error(`${name} is before what it needs`)
      for (const each of applied.jobs) {
        const inputs = inputsOf(each, applied.jobs).map(({ at }) => ({ path: at, digest }))
        jobKey({ job: each, variables: variablesOf(each, { jobs }), platform: 'linux-x64', inputs })
      }
    }
  },
  {
    name: 'spec.toml of jobs',
    refusals: ['bad-run-file', 'usage'],
    good: () => [writeRunFile(spec)],
    read: bytes => {
      const effective = checkSpec(readRunFile(text(bytes), 'spec.toml'))
      const again = checkSpec(readRunFile(writeRunFile(effective), 'spec.toml'))
      if (Buffer.compare(encode(effective), encode(again)) !== 0)
        throw new Error('it is another spec when it is written')
      v.parse(specSchema, decode(specSchema, encode(effective)))
    }
  },
  {
    name: 'jobs.json',
    refusals: ['bad-message', 'damaged'],
    good: () => [
      JSON.stringify({ format: 1, jobs: [entry, { ...entry, job: 'app', state: 'skipped', from: ['base'] }] })
    ],
    read: bytes => {
      let content: unknown
      try {
        content = JSON.parse(text(bytes))
      } catch {
        return
      }
      faultsOfJobs(check(jobsFile, content, 'damaged').jobs, record, [])
    }
  }
]
