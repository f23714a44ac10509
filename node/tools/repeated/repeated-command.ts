/** A program that prints one sample and ends, run at each interval by the daemon: its text is kept behind a line with the time. */
import { appendFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError } from '../../../protocols/errors.ts'
import { now } from '../../now.ts'
import { errorLineIn } from '../../processes/error-line.ts'
import type { RunningProgram } from '../../processes/programs.ts'
import { folderSize } from '../folder-size.ts'
import { repeat } from '../repeat.ts'
import { MIB, reachedSize } from '../size-setting.ts'
import type { RunningTool, ToolContext } from '../tool.ts'

/** A sample that takes longer is ended. */
const SAMPLE_TIMEOUT_MS = 30_000
/** From one look to the next at how much a sample has written, ms. */
const LOOK_EVERY_MS = 250

/** The first sample may take longer. */
const READY_AFTER_S = 1
/** Where it runs: what it leaves there is no part of the result. */
const WORK = '.work'

export interface Repeated {
  /** The files are NAME-stdout.txt and NAME-stderr.txt. */
  name: string
  /** @returns the programs of one sample, in turn; none if there is nothing to observe at present */
  commands(): Array<{ argv: string[]; what?: string }>
  /** Seconds. */
  interval: number
  /** MiB that it may write. */
  size: number
  remarks?: string[]
  /** Said if there never was anything to observe. */
  nothing?: string
}

export async function repeatCommand(
  { name, commands, interval, size, remarks = [], nothing }: Repeated,
  { folder, programs, signal, options }: ToolContext
): Promise<RunningTool> {
  const stdout = join(folder, `${name}-stdout.txt`)
  const stderr = join(folder, `${name}-stderr.txt`)
  const began = now()
  const failures = new Map<string, number>()
  let [samples, late, isOver] = [0, 0, false]
  let fullAfter: number | undefined
  let current: RunningProgram | undefined
  let busy: Promise<void> | undefined

  async function takeEach(): Promise<void> {
    for (const { argv, what } of commands()) {
      if (isOver || fullAfter != null) return
      appendFileSync(stdout, `# time ${now().toFixed(1)}${what == null ? '' : ` ${what}`}\n`)
      const work = join(folder, WORK)
      await mkdir(work, { recursive: true })
      current = await programs.spawn({ name, argv, folder: work, stdout, stderr })
      const end = () => void current?.stop({ grace: 0 })
      const timer = setTimeout(end, SAMPLE_TIMEOUT_MS)
      // what is asked may answer without end, as a process does that only looks like a JVM
      const looking = setInterval(async () => {
        if ((await folderSize(folder)) <= size * MIB) return
        fullAfter ??= now() - began
        end()
      }, LOOK_EVERY_MS).unref()
      // it was stopped while this one was about to begin
      if (isOver) end()
      const exit = await current.exited
      clearTimeout(timer)
      clearInterval(looking)
      await current.collect()
      current = undefined
      if (exit.exit === 0) samples++
      else if (!isOver && fullAfter == null) {
        const why = (await errorLineIn(stderr)) || `exit ${exit.exit ?? exit.signal}`
        failures.set(why, (failures.get(why) ?? 0) + 1)
      }
    }
    if ((await folderSize(folder)) > size * MIB) fullAfter ??= now() - began
  }
  function take(): void {
    if (isOver || fullAfter != null) return
    if (busy != null) {
      late++
      return
    }
    busy = takeEach()
      .catch(error => void failures.set(asBakError(error).message, 1))
      .finally(() => {
        busy = undefined
      })
  }

  take()
  const timer = repeat(take, interval * 1000)
  const waited = new AbortController()
  const patience = sleep((options.ready_after ?? READY_AFTER_S) * 1000, undefined, {
    signal: AbortSignal.any([signal, waited.signal])
  }).catch(() => {})
  const ready = Promise.race([busy, patience]).then(() => waited.abort())
  return {
    began,
    ready,
    remarks,
    async stop() {
      const ended = timer.stop()
      if (ended == null) return []
      isOver = true
      await current?.stop({ grace: 0 })
      await busy
      await rm(join(folder, WORK), { recursive: true, force: true }).catch(() => {})
      if (fullAfter != null) remarks.push(reachedSize(size, fullAfter))
      const missed = ended.missed + late
      return [
        ...(missed === 0 ? [] : [`${missed} of ${ended.due} samples missed: one took longer than ${interval} s`]),
        ...[...failures].slice(0, 4).map(([why, times]) => `${times} of ${samples + times} samples failed: ${why}`),
        ...(samples === 0 && failures.size === 0 ? [nothing ?? 'took no sample'] : [])
      ]
    }
  }
}
