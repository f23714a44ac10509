/**
 * A built-in tool for every Linux machine: samples /proc within the daemon into one CSV file per subject. `proc-subjects.ts`
 * explains the columns.
 */
import { accessSync, constants, readFileSync } from 'node:fs'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Availability } from '../../protocols/hello.ts'
import { now } from '../now.ts'
import { Recorder } from './proc-recorder.ts'
import { subjects } from './proc-subjects.ts'
import { repeat } from './repeat.ts'
import { intervalOf, intervalSetting } from './settings-of.ts'
import type { RunningTool, Tool, ToolContext } from './tool.ts'

export const proc: Tool = {
  name: 'proc',
  summary: 'processors, memory, disks, network, load and pressure from /proc; built in',
  ...{ lifetime: 'transient', needs: {}, stop: 'the daemon takes a last sample' },
  settings: [intervalSetting],
  noWords: 'it runs no program',
  files: subjects.map(({ name, source }) => ({ name: `${name}.csv`, what: source })),
  check,
  start
}

async function check(): Promise<Availability> {
  const missing = subjects.filter(subject => !isReadable(subject.source))
  if (missing.length === 0) return { tool: 'proc', usable: true }
  const reason = `proc: this kernel does not provide ${missing.map(subject => subject.source).join(', ')}`
  return { tool: 'proc', usable: missing.every(subject => subject.optional), reason }
}

async function start({ folder, ...context }: ToolContext): Promise<RunningTool> {
  const recorders = subjects.filter(subject => isReadable(subject.source)).map(subject => new Recorder(subject, folder))
  if (recorders.length === 0) throw new BakError('tool-unavailable', 'proc: there is no /proc')
  const began = now()
  const sample = () => {
    const time = now().toFixed(1)
    for (const recorder of recorders) recorder.sample(time)
  }
  sample()
  const timer = repeat(sample, intervalOf(proc, context) * 1000)
  const ready = Promise.all(recorders.map(recorder => recorder.written())).then(() => {}, throwBakError)
  ready.catch(() => {})
  const stop = async () => {
    const ended = timer.stop()
    if (ended == null) return []
    sample()
    const { missed, due } = ended
    const gap = missed === 0 ? [] : [`${missed} of ${due} samples missed: this daemon did not get to them in time`]
    return [...gap, ...(await Promise.all(recorders.map(recorder => recorder.close()))).flat()]
  }
  return { began, ready, stop }
}

function throwBakError(error: unknown): never {
  throw asBakError(error)
}

/** On some kernels the file exists and cannot be read. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
