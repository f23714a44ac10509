/**
 * Jobs: a graph of scripts over the members of a run. Each `[[job]]` runs once, on one member, when all that it needs is done; what it leaves in
 * its outputs are artifacts, which those that need it find in their inputs. The graph of the role `work` is what a run measures; that of `setup`
 * runs before anything is measured, and that of `report` behind it.
 */
import { posix } from 'node:path'
import * as v from 'valibot'
import { faultInPath } from '../artifact.ts'
import { count, digest, list, name } from '../fields.ts'
import { table } from '../free-keys.ts'
import { argv, seconds, selector } from '../spec-fields.ts'
import { platform, stagePath } from '../staged.ts'
import { environment, variable } from '../workload.ts'

export const MAX_JOBS = 4_096
/** Needs, inputs and outputs of one job. */
export const MAX_EDGES = 1_024
/** Text of a script, or of one phase of it. */
const MAX_SCRIPT = 128 * 1024
/** Of one job. */
export const MAX_SLOTS = 4_096

export const jobRole = v.picklist(['setup', 'work', 'report'])
export type JobRole = v.InferOutput<typeof jobRole>

/** A path below the folder of a job's inputs or outputs. */
export const jobPath = v.pipe(
  v.string(),
  v.transform(path => path.replace(/(.)\/+$/, '$1')),
  v.check(
    path => faultInPath(path) == null,
    ({ input }) => whyNoPath(input)
  )
)

function whyNoPath(path: string): string {
  if (/^\/|(^|\/)\.\.(\/|$)/.test(path)) return 'expected a path without .. that begins with no slash'
  const plain = posix.normalize(path)
  const remedy = faultInPath(plain) == null ? `: write ${JSON.stringify(plain)}` : ''
  return `${JSON.stringify(path)} ${faultInPath(path)}${remedy}`
}

/** When something is done: all that it names must hold. */
export const condition = v.strictObject({
  /** Some member of the run fits this selector. */
  label: v.optional(selector),
  /** `"CI"`: the job has this variable; `{ CI = "1" }`: with this value. */
  env: v.optional(v.union([variable, environment], 'expected the name of a variable, or a table of values'))
})
export type Condition = v.InferOutput<typeof condition>

/** The name of a job, or that with a condition under which it is needed. */
export const need = v.union(
  [
    v.pipe(
      name,
      v.transform(job => ({ job }))
    ),
    v.strictObject({ job: name, when: v.optional(condition) })
  ],
  'a need is the name of a job, or { job = "NAME", when = { ... } }'
)

export const sourceUrl = v.pipe(
  v.string(),
  v.maxLength(4096),
  v.regex(/^https?:\/\/[^\s/]+/, 'expected an address of http or https')
)

/** Where it is below the inputs. */
const as = v.optional(jobPath)
const inputTable = v.pipe(
  v.strictObject({
    /** A file or folder of the caller; by default where `stage` would put it. */
    path: v.optional(stagePath),
    /** Another job, which is thereby needed: its output of this path, or all of them; by default at `<job>/<output>`. */
    job: v.optional(name),
    output: v.optional(jobPath),
    /** The controller fetches it before the run, and the run does not begin if it has another content; by default at the last part of its path. */
    url: v.optional(sourceUrl),
    sha256: v.optional(digest),
    /** Of a job of the role `report`: a file or folder of the result as it is then, `1-default/sample1/workload`; `.` is all of it. */
    result: v.optional(v.union([v.literal('.'), jobPath])),
    as
  }),
  v.check(
    ({ path, job, url, result }) => [path, job, url, result].filter(each => each != null).length === 1,
    'an input is one of path, job, url and result'
  ),
  v.check(
    ({ url, sha256 }) => (url == null) === (sha256 == null),
    'a url needs a sha256, its content in 64 hex digits, and nothing else has one'
  ),
  v.check(({ job, output }) => job != null || output == null, 'output is of a job')
)
/** A path, or a table. */
export const jobInput = v.union([
  v.pipe(
    stagePath,
    v.transform(path => ({ path }))
  ),
  inputTable
])
/** With a path of the caller as a table. */
export type JobInput = v.InferOutput<typeof inputTable>

const scriptText = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(MAX_SCRIPT),
  v.check(script => script === '' || script.trim() !== '', 'a script has more than white space'),
  v.check(script => !script.includes('\0'), 'a script has no NUL')
)
const phaseName = v.pipe(
  name,
  // a table has its keys in the order of the file, but for numbers
  v.check(each => !/^\d+$/.test(each), 'a phase has a letter in its name'),
  v.check(each => !['constructor', 'prototype'].includes(each), 'no phase can be called so')
)
const phaseList = v.pipe(list(v.strictObject({ name: phaseName, script: scriptText }), 64), v.minLength(1))
/** Parts of a script by name, in the order in which they are written: a table, or as it is in messages a list. */
const jobPhases = v.union(
  [
    phaseList,
    v.pipe(
      table(phaseName, scriptText),
      v.transform(phases => Object.entries(phases).map(([name, script]) => ({ name, script }))),
      phaseList
    )
  ],
  'expected a table of phases, each a script'
)

/** Bytes: a number, or with its unit: `512MiB`, `8GiB`. */
const size = v.union(
  [
    count,
    v.pipe(
      v.string(),
      v.regex(/^\d+(\.\d+)?(KiB|MiB|GiB|TiB)$/, 'expected bytes, or a size such as 512MiB or 8GiB'),
      v.transform(text =>
        Math.ceil(Number.parseFloat(text) * 1024 ** (['KiB', 'MiB', 'GiB', 'TiB'].indexOf(text.slice(-3)) + 1))
      )
    )
  ],
  'expected bytes, or a size such as 512MiB or 8GiB'
)

export const job = v.strictObject({
  name,
  role: v.optional(jobRole, 'work'),
  /** Jobs that are done before, whose outputs it has in its inputs. */
  needs: v.optional(list(need, MAX_EDGES), []),
  /** Left out of the graph where this does not hold. */
  when: v.optional(condition),
  /** One of the three. */
  command: v.optional(argv),
  script: v.optional(scriptText),
  phases: v.optional(jobPhases),
  /** What runs a script, unless it says so itself in its first line. */
  shebang: v.optional(
    v.pipe(v.string(), v.regex(/^#!\/[^\n\0]{1,254}$/, 'expected a line such as #!/bin/sh -e')),
    '#!/bin/sh -e'
  ),
  /** Variables beside those that bak sets, and those of `[jobs]`. */
  env: v.optional(environment, {}),
  inputs: v.optional(list(jobInput, MAX_EDGES), []),
  /** Files and folders below the folder of its outputs; each is there when it ends, or it has failed. */
  outputs: v.optional(list(jobPath, MAX_EDGES), []),
  /** Which members it may run on. */
  on: v.optional(selector, 'all'),
  /** What such a member has at least: processors, bytes of memory; and its platform, such as `linux-x64`. */
  cores: v.optional(count, 0),
  memory: v.optional(size, 0),
  platform: v.optional(platform),
  /** Of the slots of its member. */
  slots: v.optional(v.pipe(count, v.minValue(1), v.maxValue(MAX_SLOTS)), 1),
  /** Seconds after which it is killed; 0 is never. */
  timeout: v.optional(seconds, 0),
  /** Other attempts where its member is lost or cannot run it; what a script fails at is never tried again. */
  retries: v.optional(v.pipe(count, v.maxValue(100)), 2),
  /** A container image of podman in which it runs. */
  image: v.optional(v.pipe(v.string(), v.regex(/^[\w][\w./:@-]{0,511}$/, 'expected the name of an image')))
})
export type Job = v.InferOutput<typeof job>

/** `[jobs]`: what holds for all jobs. */
export const jobsTable = v.strictObject({
  /** Variables of each job, which its own go before; `bak run --env NAME[=VALUE]` adds to them. */
  env: v.optional(environment, {}),
  /** Only these variables may be set. */
  allow_env: v.optional(list(variable, 256)),
  /** The first failure ends all others; by default what does not need it goes on. */
  fail_fast: v.optional(v.boolean(), false),
  /** Whether a job whose result is known already is not run again. */
  cache: v.optional(v.boolean(), true),
  /** Last lines of the log of a job that failed that are shown. */
  lines: v.optional(v.pipe(count, v.maxValue(64)), 10)
})
export type JobsTable = v.InferOutput<typeof jobsTable>

/** The keys of a spec that are about jobs. */
export const jobKeys = {
  job: v.optional(list(job, MAX_JOBS), []),
  jobs: v.optional(jobsTable)
}
const keys = v.object(jobKeys)
/** With their defaults. */
export type JobKeys = v.InferOutput<typeof keys>

/** @returns what holds for all jobs, with every default */
export const jobsOf = ({ jobs }: { jobs?: JobsTable | undefined }): JobsTable => jobs ?? v.parse(jobsTable, {})

export const hasRole = ({ job }: { job: readonly { role: JobRole }[] }, role: JobRole): boolean =>
  job.some(each => each.role === role)
export const hasJobs = ({ job }: { job: readonly unknown[] }): boolean => job.length > 0
