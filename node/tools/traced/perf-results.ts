/** What is made of perf.data after perf has stopped, where the programs are that its samples are of: a report, and folded stacks. */
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError } from '../../../protocols/errors.ts'
import { FOLDED_FILE } from '../../../protocols/layout.ts'
import { fileSize } from '../folder-size.ts'
import type { ToolContext } from '../tool.ts'
import { FoldedStacks, SCRIPT_FIELDS } from './folded-stacks.ts'

export const REPORT = 'perf-report.txt'
/** Where perf script works until what it prints is folded: one program works in a folder at a time. */
const WORK = '.folded'
const MAX_SCRIPT_BYTES = 256 * 1024 * 1024
/** Of each; both run at once. */
const TIMEOUT_MS = 20_000
/** From one look to the next at how much has been printed. */
const LOOK_EVERY_MS = 100
const MAX_LINE = 64 * 1024

/** @returns remarks */
export async function perfResults(context: ToolContext): Promise<string[]> {
  if (!existsSync(join(context.folder, 'perf.data'))) return []
  if (context.inWindow)
    return [`no ${REPORT} and no ${FOLDED_FILE}: they would be made while the workload goes on; perf.data is there`]
  return (await Promise.all([report(context), foldedStacks(context)])).flat()
}

type Ended = 'done' | 'late' | 'full'

interface PerfRun {
  words: string[]
  folder: string
  /** Below its folder. */
  stdout: string
  stderr: string
}

/** Runs perf behind all other programs. @throws {BakError} if it cannot be started */
async function runPerf({ programs }: ToolContext, { words, folder, stdout, stderr }: PerfRun): Promise<Ended> {
  const argv = ['nice', '-n', '19', 'perf', ...words]
  const running = await programs.spawn({ name: 'perf', argv, folder, stdout, stderr })
  const isOver = new AbortController()
  const { signal } = isOver
  const late = sleep(TIMEOUT_MS, 'late' as const, { signal }).catch(() => 'done' as const)
  const ended = await Promise.race([running.exited.then(() => 'done' as const), late, isFull(stdout, signal)])
  isOver.abort()
  if (ended !== 'done') await running.stop({ grace: 0 })
  await running.collect()
  return ended
}

/** Resolves when the file has as many bytes as it may have, or when the signal aborts. */
async function isFull(path: string, signal: AbortSignal): Promise<Ended> {
  while (!signal.aborted) {
    if ((await fileSize(path)) > MAX_SCRIPT_BYTES) return 'full'
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
  return 'done'
}

async function report(context: ToolContext): Promise<string[]> {
  const { folder } = context
  const stdout = join(folder, REPORT)
  const words = ['report', '--stdio', '--no-children', '-i', 'perf.data', '--percent-limit', '0.1']
  try {
    const ended = await runPerf(context, { words, folder, stdout, stderr: join(folder, 'perf-stderr.txt') })
    if (ended === 'done') return []
    await rm(stdout, { force: true })
    const why = ended === 'late' ? `took more than ${TIMEOUT_MS / 1000} s` : 'printed too much'
    return [`no ${REPORT}: perf report ${why}; perf.data is there`]
  } catch (error) {
    return [`no ${REPORT}: ${asBakError(error).message}`]
  }
}

async function foldedStacks(context: ToolContext): Promise<string[]> {
  const folder = join(context.folder, WORK)
  const stdout = join(folder, 'stdout.txt')
  // who is inlined where takes a program long to find out
  const words = ['script', '-i', '../perf.data', '-F', SCRIPT_FIELDS, '--no-inline']
  try {
    await mkdir(folder)
    const ended = await runPerf(context, { words, folder, stdout, stderr: join(folder, 'stderr.txt') })
    const stacks = await foldFile(stdout)
    if (stacks.samples === 0) return [`no ${FOLDED_FILE}: perf script printed no sample`]
    await writeFile(join(context.folder, FOLDED_FILE), stacks.text(), { flag: 'wx' })
    return remarksOn(stacks, ended)
  } catch (error) {
    return [`no ${FOLDED_FILE}: ${asBakError(error).message}`]
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}

function remarksOn({ samples, otherEvents }: FoldedStacks, ended: Ended): string[] {
  const why = ended === 'late' ? `took more than ${TIMEOUT_MS / 1000} s` : 'printed too much'
  return [
    ...(ended === 'done'
      ? []
      : [`${FOLDED_FILE} has the first ${samples} samples only: perf script ${why}; perf.data has all`]),
    ...(otherEvents.length === 0 ? [] : [`${FOLDED_FILE} is without the samples of ${otherEvents.join(', ')}`])
  ]
}

/** A line that was cut off where perf was ended is left out with its stack. */
async function foldFile(path: string): Promise<FoldedStacks> {
  const stacks = new FoldedStacks()
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 })) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    if (rest.length > MAX_LINE) throw new Error('perf script printed a line without an end')
    for (const line of lines) stacks.line(line)
  }
  if (rest === '') stacks.end()
  return stacks
}
