/**
 * A built-in tool that times a fixed load on its machine before and after each sample, outside of the time that is measured: a machine that
 * is slower than it was, or than its like, is seen. While the sample is taken it does nothing.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError } from '../../protocols/errors.ts'
import { GAUGE_VERSION, type Gauged } from '../../protocols/gauge.ts'
import { now } from '../now.ts'
import { runLoad } from './gauge-load.ts'
import type { RunningTool, Tool, ToolContext } from './tool.ts'

const SCRATCH = 'gauge.tmp'

export const gauge: Tool = {
  name: 'gauge',
  summary:
    'times a fixed load of about 200 ms before and after each sample: arithmetic, memory, sync to disk; built in',
  ...{ lifetime: 'transient', needs: {}, settings: [], stop: 'it does nothing between start and stop' },
  noWords: 'it runs no program',
  files: [
    { name: 'before.json', what: 'the time of each piece, ms, before the sample' },
    { name: 'after.json', what: 'the same, after all tools have stopped' }
  ],
  check: async () => ({ tool: 'gauge', usable: true }),
  start: async (): Promise<RunningTool> => ({ began: now(), ready: Promise.resolve(), stop: async () => [] }),
  before: context => gaugeInto('before.json', context),
  after: context => gaugeInto('after.json', context)
}

/** Never rejects: a gauging that was cut off, or failed, has no times. */
async function gaugeInto(file: string, { folder, signal }: ToolContext): Promise<Gauged> {
  const began = performance.now()
  const scratch = join(folder, SCRATCH)
  const about = { version: GAUGE_VERSION, model: await processorModel() }
  try {
    const { reading, took, ...pieces } = await runLoad(scratch, signal)
    await writeFile(
      join(folder, file),
      `${JSON.stringify({ at: now(), ...about, reading, took, ...pieces }, null, 2)}\n`
    )
    return { ...about, reading, took }
  } catch (cause) {
    const took = performance.now() - began
    const why = asBakError(cause).message
    await writeFile(
      join(folder, file),
      `${JSON.stringify({ at: now(), ...about, took, error: why }, null, 2)}\n`
    ).catch(() => {})
    return { ...about, took }
  } finally {
    await rm(scratch, { force: true }).catch(() => {})
  }
}

let model: Promise<string> | undefined

/** @returns the model of the processors, by which machines are compared */
export function processorModel(): Promise<string> {
  model ??= readFile('/proc/cpuinfo', 'utf8').then(
    text => (/^(?:model name|Model|CPU part)\s*: (.*)$/m.exec(text)?.[1] ?? process.arch).trim().slice(0, 256),
    () => process.arch
  )
  return model
}
