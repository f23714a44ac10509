/**
 * The tool that every Linux machine has: samples /proc within the daemon, into one CSV file a subject. What the columns
 * mean stands in `proc-subjects.ts`.
 */
import { accessSync, constants, readFileSync } from 'node:fs'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Availability } from '../../protocols/hello.ts'
import { Recorder } from './proc-recorder.ts'
import { subjects } from './proc-subjects.ts'
import { repeat } from './repeat.ts'
import type { RunningTool, Tool, ToolContext } from './tool.ts'

export const proc: Tool = {
  name: 'proc',
  summary: 'processors, memory, disks, network, load and pressure from /proc; built in',
  check,
  start
}

async function check(): Promise<Availability> {
  const missing = subjects.filter(subject => !isReadable(subject.source))
  if (missing.length === 0) return { tool: 'proc', usable: true }
  const reason = `proc: this kernel does not give ${missing.map(subject => subject.source).join(', ')}`
  return { tool: 'proc', usable: missing.every(subject => subject.optional), reason }
}

async function start({ folder, interval, options }: ToolContext): Promise<RunningTool> {
  const recorders = subjects.filter(subject => isReadable(subject.source)).map(subject => new Recorder(subject, folder))
  if (recorders.length === 0) throw new BakError('tool-unavailable', 'proc: there is no /proc')
  const began = now()
  const sample = () => {
    const time = now().toFixed(1)
    for (const recorder of recorders) recorder.sample(time)
  }
  sample()
  const timer = repeat(sample, (options.interval ?? interval) * 1000)
  const ready = Promise.all(recorders.map(recorder => recorder.written())).then(() => {}, fail)
  ready.catch(() => {})
  const stop = async () => {
    if (!timer.stop()) return []
    sample()
    return (await Promise.all(recorders.map(recorder => recorder.close()))).flat()
  }
  return { began, ready, stop }
}

const now = () => performance.timeOrigin + performance.now()

function fail(error: unknown): never {
  throw asBakError(error)
}

/** Some kernels have the file, and refuse to read it. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
