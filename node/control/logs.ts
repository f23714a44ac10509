/** The call `logs`: the output of a run, from the peer that has its result; while the run goes on, also from each member. */
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { newDigest } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import { instancesOf, labelsIn, nameOfInstance, outputFileOf } from '../../protocols/instances.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import {
  isSelected,
  type OutputMark,
  type OutputPortion,
  type OutputSelection,
  outputProtocol,
  unwrapOutput
} from '../../protocols/output.ts'
import { askOutput, wholeOutput } from '../../protocols/output-exchange.ts'
import { type RunRecord, readRecord } from '../../protocols/record.ts'
import { DRIVER } from '../../protocols/tasks/task.ts'
import { isController } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { locateRun, resolveRun } from './find-run.ts'
import { headOf } from './output-head.ts'
import { runningOutput } from './running-output.ts'

/** Members or workloads that an error names. */
const MAX_NAMED = 8

export async function* logs(
  parts: Parts,
  { run: text, follow = false, ...asked }: CallInput<'logs'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'logs'>> {
  const { coordinator } = parts
  const run = await resolveRun(parts, text)
  const { peer, found } = await locateRun(parts, run, signal)
  const record = found?.record == null ? await coordinator.record(run) : readRecord(found.record)
  if (record == null) throw new BakError('no-such-run', `the folder of ${run} is not here`)
  const selection = selectionOf(record, asked)
  yield headOf(record, selection)
  const isHere = found == null
  const goesOn = isHere ? coordinator.driver(run) != null : record.state !== 'ended'
  if (goesOn) return yield* runningOutput(parts, { run, holder: peer, record, selection, follow }, signal)
  if (isHere) yield* portionsIn(wholeOutput(coordinator.output({ run, ...selection }, signal)))
  else yield* fromHolder(parts, { peer, record, selection }, signal)
  yield* missingIn(record, selection)
}

async function* fromHolder(
  parts: Parts,
  { peer, record, selection }: { peer: string; record: RunRecord; selection: OutputSelection },
  signal: AbortSignal
): AsyncGenerator<OutputPortion> {
  const { run } = record
  const portions = portionsIn(askOutput(parts.streams.to(peer), outputProtocol, { run, ...selection }, { signal }))
  if (record.files != null) return yield* proven(portions, record, selection)
  if (!isController(parts.authority.roleOf(peer)))
    throw new BakError(
      'not-allowed',
      `run ${run} is not sealed and on an agent, whose word is not trusted: bak show ${run}`
    )
  yield* portions
}

async function* portionsIn(output: AsyncIterable<OutputPortion | OutputMark>): AsyncGenerator<OutputPortion> {
  for await (const each of output) if ('stream' in each) yield each
}

/** @throws {BakError} `usage` for a member or a workload that the run does not have */
function selectionOf(record: RunRecord, { member, workload }: { member?: string; workload?: string }): OutputSelection {
  const { run, roster, excluded, controller, spec } = record
  const members = [...new Set([controller, ...roster, ...excluded].map(({ name }) => name))]
  // before there is a roster nobody knows who will be on it
  if (member != null && roster.length > 0 && !members.includes(member))
    throw new BakError(
      'usage',
      `${member} takes no part in ${run}: there are ${listInWords(members.sort(), MAX_NAMED)}`
    )
  if (workload == null) return { member }
  const names = [...spec.workload.map(({ name }) => name), ...(spec.task.length > 0 ? [DRIVER] : [])]
  if (names.includes(workload)) return { member, workload }
  const labels = labelsIn(spec)
  const labelled = labels.get(workload)
  if (labelled != null) return { member, ...labelled }
  const known = names.length === 0 ? 'it has none, only a command' : `there are ${listInWords(names, MAX_NAMED)}`
  throw new BakError('usage', `${run} has no workload ${workload}: ${known}`)
}

/** @returns the instances whose output is not in a result that is over, and why */
function* missingIn(record: RunRecord, selection: OutputSelection): Generator<CallResponse<'logs'>> {
  const { files, excluded, workload, run, spec } = record
  if (files == null) return
  const labels = labelsIn(spec)
  const outputs = Object.keys(files).flatMap(path => outputFileOf(path, labels) ?? [])
  const here = new Set(outputs.map(nameOfInstance))
  const ran = new Set(workload.map(({ member }) => member))
  for (const instance of instancesOf(record)) {
    if (!isSelected(instance, selection) || here.has(nameOfInstance(instance))) continue
    const out = excluded.find(({ name }) => name === instance.member)
    // what was never to run has no output
    if (out == null && !ran.has(instance.member)) continue
    const why = out == null ? 'its files have not arrived' : `it was excluded in ${out.phase}: ${out.reason}`
    yield { ...instance, missing: `${why}; bak collect ${run}` }
  }
}

/**
 * Output that another peer sends is what was sealed.
 * @throws {BakError} `damaged` once a file is known not to be, or has not come
 */
export async function* proven(
  portions: AsyncIterable<OutputPortion>,
  { run, files = {}, spec }: Pick<RunRecord, 'run' | 'files' | 'spec'>,
  selection: OutputSelection = {}
): AsyncGenerator<OutputPortion> {
  const labels = labelsIn(spec)
  const damaged = (path: string) => new BakError('damaged', `${path} of ${run} is not as it was sealed`)
  const awaited = new Set(
    Object.entries(files).flatMap(([path, { bytes }]) => {
      const output = bytes === 0 ? undefined : outputFileOf(path, labels)
      return output != null && isSelected(output, selection) ? [path] : []
    })
  )
  const open = new Map<string, { hash: ReturnType<typeof newDigest>; bytes: number }>()
  for await (const portion of portions) {
    const { path, member, workload, instance, stream } = portion
    const sealed = Object.hasOwn(files, path) ? files[path] : undefined
    const output = outputFileOf(path, labels)
    const isItself =
      output?.stream === stream && nameOfInstance(output) === nameOfInstance({ member, workload, instance })
    if (sealed == null || !isItself || !awaited.has(path)) throw damaged(path)
    const file = open.get(path) ?? { hash: newDigest(), bytes: 0 }
    const bytes = unwrapOutput(portion)
    file.hash.update(bytes)
    file.bytes += bytes.length
    open.set(path, file)
    if (file.bytes >= sealed.bytes) {
      if (file.hash.digest('hex') !== sealed.sha256) throw damaged(path)
      open.delete(path)
      awaited.delete(path)
    }
    yield portion
  }
  for (const path of awaited) throw damaged(path)
}
