/**
 * The paths in the result of a run: the only place that builds and parses them. A path is relative to the folder of the run
 * and has slashes on every system. A member keeps its data under the same paths until the controller has received it.
 *
 *     run.json  journal.ndjson  spec.toml  metadata.log  files.txt
 *     certificates/{offer,manifest,proofs,<seq>-<phase>}.cbor
 *     collectors/<collector>/
 *     collectors/<collector>-series/<member>/series.parquet                                what it has of the tools of a member
 *     sysinfo/{begin,end}/<member>/
 *     tools-<group>/<member>/<tool>/                                                       of persistent tools
 *     series/<member>/series.parquet                                                       what they measured
 *     <n>-<iteration>/sample<k>/tools-<group>/<member>/<tool>/
 *     <n>-<iteration>/sample<k>/series/<member>/series.parquet                             what the tools measured
 *     <n>-<iteration>/sample<k>/workload/<member>/{stdout,stderr}.txt                      of a command
 *     <n>-<iteration>/sample<k>/workload/<member>/load/samples.csv                         each request, where they are kept
 *     <n>-<iteration>/sample<k>/tasks.json                                                 what tasks came to (tasks/tasks-file.ts)
 *     <n>-<iteration>/sample<k>/workload/<member>/<workload>[.<instance>]/{stdout,stderr}.txt
 *     jobs.json                                                                            what became of each job (jobs/jobs-file.ts)
 *     jobs/{setup,report}/<job>.ndjson                                                     the log of a job, its last attempt
 *     <n>-<iteration>/sample<k>/jobs/<job>.ndjson                                          of the graph of a sample
 *     report.html  tags.json                                                               made later: beside what is sealed
 *
 * A warm-up has `warmup<k>` in the place of `sample<k>`.
 *
 * Names below a member's folder are its own, but for a `missing.txt`, which names what could not be brought. A member can write below the folders that end in its name and nowhere else: `isFolderOf`.
 */
import * as v from 'valibot'
import { iterationName, name, type Phase, phase } from './fields.ts'
import type { GraphAt } from './jobs/graph-at.ts'
import type { Certificate, Step } from './phase.ts'

export const RECORD_FILE = 'run.json'
export const JOURNAL_FILE = 'journal.ndjson'
export const SPEC_FILE = 'spec.toml'
/** The result in pbench's form. */
export const METADATA_FILE = 'metadata.log'
/** The lists of files that members signed (file-list.ts); in a tarball the list of its own. */
export const FILE_LISTS_FILE = 'files.txt'
/** What became of each job of the run. */
export const JOBS_FILE = 'jobs.json'
/** The page that `bak report` writes. */
export const REPORT_FILE = 'report.html'
/** Tags that the run got after its end. */
export const TAGS_FILE = 'tags.json'
/** In a folder of a member: what could not be brought from there, and why. */
export const MISSING_FILE = 'missing.txt'
/** In a folder of the tool `perf`: a line for each stack, from the program to the innermost function, and its samples. */
export const FOLDED_FILE = 'perf-folded.txt'
/** In a folder of a workload: what it measured of itself, a line of JSON each. */
export const METRICS_FILE = 'metrics.ndjson'
/** The signed messages of a run. */
export const CERTIFICATES_FOLDER = 'certificates'
export const OFFER_FILE = `${CERTIFICATES_FOLDER}/offer.cbor`
export const MANIFEST_FILE = `${CERTIFICATES_FOLDER}/manifest.cbor`
/** The proofs of membership of those that were asked to join (run-proofs.ts). */
export const PROOFS_FILE = `${CERTIFICATES_FOLDER}/proofs.cbor`

const FIXED_FILES = {
  record: RECORD_FILE,
  journal: JOURNAL_FILE,
  spec: SPEC_FILE,
  metadata: METADATA_FILE,
  fileLists: FILE_LISTS_FILE,
  jobs: JOBS_FILE,
  offer: OFFER_FILE,
  manifest: MANIFEST_FILE,
  proofs: PROOFS_FILE
} as const
type FixedFile = keyof typeof FIXED_FILES
const fixedFiles = new Map<string, FixedFile>(
  Object.entries(FIXED_FILES).map(([kind, path]) => [path, kind as FixedFile])
)

/** What is made of a result later, and may change: files beside those that are sealed. */
const BESIDE_SEAL = [REPORT_FILE, TAGS_FILE]
/** Under this name such a file is written, until it is whole. */
export const partOf = (file: string) => `${file}.part`
/** @returns whether a seal leaves out this file */
export const isBesideSeal = (path: string) => BESIDE_SEAL.some(file => path === file || path === partOf(file))

/** In a folder of series: all that was measured on one member, as numbers (series/series-file.ts). */
export const SERIES_FILE = 'series.parquet'
const SERIES = 'series'

/** Of a folder with what tools of one group wrote. */
const TOOLS_PREFIX = 'tools-'

/** Which of the two snapshots of a machine. */
export type SysinfoWhen = 'begin' | 'end'
/** The output of a workload, in its folder. */
export const OUTPUT_FILES = { stdout: 'stdout.txt', stderr: 'stderr.txt' } as const
/** Beside them: when they had grown to how many bytes (output-times.ts). */
export const TIMES_FILE = 'times.txt'

/** `certificates/0003`: that of a phase of which no more is known. */
export const certificateNumber = (seq: number) => `${CERTIFICATES_FOLDER}/${String(seq).padStart(4, '0')}`
export const certificateFile = ({ seq, phase }: Pick<Certificate, 'seq' | 'phase'>) =>
  `${certificateNumber(seq)}-${phase}.cbor`
export const collectorFolder = (collector: string) => `collectors/${collector}`
/** What a collector has of the tools of one member, as series: a file of the controller. */
export const collectedSeriesFile = (collector: string, member: string) =>
  `${collectorFolder(`${collector}-${SERIES}`)}/${member}/${SERIES_FILE}`
export const sysinfoFolder = (when: SysinfoWhen, member: string) => `sysinfo/${when}/${member}`
/** `1-default` */
export const iterationFolder = ({ number, name }: Pick<Step, 'number' | 'name'>) => `${number}-${name}`
/** `1-default/sample1`, `1-default/warmup1` */
export const stepFolder = (step: Step) => `${iterationFolder(step)}/${sampleFolder(step)}`
export const sampleFolder = ({ sample, warmup }: Pick<Step, 'sample' | 'warmup'>) =>
  `${warmup ? 'warmup' : 'sample'}${sample}`
/** What the tools of one group wrote on one member. */
export const toolsFolder = (step: Step, group: string, member: string) => `${stepFolder(step)}/tools-${group}/${member}`
export const toolFolder = (step: Step, group: string, member: string, tool: string) =>
  `${toolsFolder(step, group, member)}/${tool}`
/** What the persistent tools of one group wrote on one member, from `init` to `end`. */
export const persistentToolsFolder = (group: string, member: string) => `${TOOLS_PREFIX}${group}/${member}`
export const persistentFolder = (group: string, member: string, tool: string) =>
  `${persistentToolsFolder(group, member)}/${tool}`
/** What the tools of one sample measured on one member; it has SERIES_FILE. */
export const seriesFolder = (step: Step, member: string) => `${stepFolder(step)}/${SERIES}/${member}`
/** What the persistent tools measured on one member, from `init` to `end`. */
export const persistentSeriesFolder = (member: string) => `${SERIES}/${member}`
/** @param restart 1 .. n for what the tool wrote since it was started again */
export const restartFolder = (toolFolder: string, restart: number) => `${toolFolder}/restart${restart}`
/** What the tasks of a sample came to: a file of the controller. */
export const TASKS_FILE = 'tasks.json'
export const tasksFileOf = (step: Step) => `${stepFolder(step)}/${TASKS_FILE}`
export const workloadFolder = (step: Step, member: string) => `${stepFolder(step)}/workload/${member}`
const JOBS = 'jobs'
/** @returns a name that is different for each graph of a run: `setup`, `1-default/sample1` */
export const graphKey = ({ role, step }: GraphAt): string => (step == null ? role : stepFolder(step))
const LOG_SUFFIX = '.ndjson'
/** The log of a job, its last attempt: a line of JSON for each line (jobs/job-stream.ts). A file of the controller. */
export const jobLogFile = ({ role, step }: GraphAt, job: string) =>
  `${step == null ? `${JOBS}/${role}` : `${stepFolder(step)}/${JOBS}`}/${job}${LOG_SUFFIX}`
/** @param instance 1 .. n where several run on the member */
export const instanceFolder = (step: Step, member: string, workload: string, instance?: number) =>
  `${workloadFolder(step, member)}/${workload}${instance == null ? '' : `.${instance}`}`

/** What a path in a result stands for. `rest` is the path below the folder of the member or collector; '' is the folder itself. */
export type ResultPath =
  | { kind: FixedFile }
  | { kind: 'certificate'; seq: number; phase: Phase }
  | { kind: 'collector'; collector: string; rest: string }
  | { kind: 'sysinfo'; when: SysinfoWhen; member: string; rest: string }
  | { kind: 'persistent'; group: string; member: string; rest: string }
  | { kind: 'persistent-series'; member: string; rest: string }
  | { kind: 'tools'; step: Step; group: string; member: string; rest: string }
  | { kind: 'series'; step: Step; member: string; rest: string }
  | { kind: 'workload'; step: Step; member: string; rest: string }
  | { kind: 'tasks'; step: Step }
  | { kind: 'job-log'; graph: GraphAt; job: string }

/** @returns undefined for a path that is not exactly as the functions above build it, with any path below a folder */
export function parseResultPath(path: string): ResultPath | undefined {
  const kind = fixedFiles.get(path)
  if (kind != null) return { kind }
  const parts = path.split('/')
  if (parts.some(part => part === '' || part === '.' || part === '..')) return undefined
  if (parts[0] === CERTIFICATES_FOLDER) return parseCertificate(path)
  if (parts[0] === 'collectors') return parseCollector(parts)
  if (parts[0] === 'sysinfo') return parseSysinfo(parts)
  if (parts[0] === SERIES) return parsePersistentSeries(parts)
  if (parts[0] === JOBS) return parseJobLog(parts)
  if (parts[0]?.startsWith(TOOLS_PREFIX)) return parsePersistent(parts)
  return parseSample(parts)
}

/** @returns whether `path` is a whole folder that belongs to this member, and neither above nor below one */
export function isFolderOf(path: string, member: string): boolean {
  const parsed = parseResultPath(path)
  return parsed != null && 'member' in parsed && parsed.member === member && parsed.rest === ''
}

/** @returns whether a path is in a folder of a member, or one itself */
export const isMemberPath = (path: string): boolean => 'member' in (parseResultPath(path) ?? {})

/** @returns whether a path is below a folder that only a result has: one that does not parse looks like what it is not */
export const isOfLayout = (path: string): boolean =>
  /^(certificates|collectors|sysinfo|series|jobs|tools-[^/]+|\d+-[^/]+\/sample[^/]*)\//.test(path)

function parseCertificate(path: string): ResultPath | undefined {
  const [, seq, name] = /^certificates\/(\d{4,16})-([a-z]+)\.cbor$/.exec(path) ?? []
  if (!v.is(phase, name)) return undefined
  const certificate = { seq: Number(seq), phase: name }
  return certificateFile(certificate) === path ? { kind: 'certificate', ...certificate } : undefined
}

function parseCollector([, collector, ...rest]: string[]): ResultPath | undefined {
  return v.is(name, collector) ? { kind: 'collector', collector, rest: rest.join('/') } : undefined
}

function parseSysinfo([, when, member, ...rest]: string[]): ResultPath | undefined {
  if ((when !== 'begin' && when !== 'end') || !v.is(name, member)) return undefined
  return { kind: 'sysinfo', when, member, rest: rest.join('/') }
}

function parsePersistent([folder = '', member, ...rest]: string[]): ResultPath | undefined {
  const group = groupOf(folder)
  return v.is(name, group) && v.is(name, member)
    ? { kind: 'persistent', group, member, rest: rest.join('/') }
    : undefined
}

function parsePersistentSeries([, member, ...rest]: string[]): ResultPath | undefined {
  return v.is(name, member) ? { kind: 'persistent-series', member, rest: rest.join('/') } : undefined
}

/** @returns the group of a folder of tools, or nothing */
const groupOf = (folder: string): string => (folder.startsWith(TOOLS_PREFIX) ? folder.slice(TOOLS_PREFIX.length) : '')

function parseSample([iteration = '', sample = '', folder = '', member, ...below]: string[]): ResultPath | undefined {
  const step = parseStep(iteration, sample)
  if (step != null && folder === TASKS_FILE && member == null) return { kind: 'tasks', step }
  if (step == null || !v.is(name, member)) return undefined
  const rest = below.join('/')
  if (folder === JOBS) return rest === '' ? jobLogOf({ role: 'work', step }, member) : undefined
  if (folder === 'workload') return { kind: 'workload', step, member, rest }
  if (folder === SERIES) return { kind: 'series', step, member, rest }
  const group = groupOf(folder)
  return v.is(name, group) ? { kind: 'tools', step, group, member, rest } : undefined
}

function parseJobLog([, role, file, ...rest]: string[]): ResultPath | undefined {
  if ((role !== 'setup' && role !== 'report') || file == null || rest.length > 0) return undefined
  return jobLogOf({ role }, file)
}

function jobLogOf(graph: GraphAt, file: string): ResultPath | undefined {
  const job = file.endsWith(LOG_SUFFIX) ? file.slice(0, -LOG_SUFFIX.length) : undefined
  return v.is(name, job) ? { kind: 'job-log', graph, job } : undefined
}

function parseStep(iteration: string, sample: string): Step | undefined {
  const [, number, called] = /^([1-9]\d{0,14})-(.+)$/.exec(iteration) ?? []
  const [, kind, repetition] = /^(sample|warmup)([1-9]\d{0,14})$/.exec(sample) ?? []
  if (number == null || repetition == null || !v.is(iterationName, called)) return undefined
  const step = { number: Number(number), name: called, sample: Number(repetition) }
  return kind === 'warmup' ? { ...step, warmup: true } : step
}
