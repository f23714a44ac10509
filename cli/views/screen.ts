/** The view of a run for people at a terminal: a block that is redrawn in place, and above it the output of the workload. */
import { fstatSync } from 'node:fs'
import type { RunEvent } from '../../protocols/events.ts'
import { createBlock } from '../block.ts'
import { describeBegun } from '../format.ts'
import type { LastLines } from '../last-lines.ts'
import type { LiveOutput } from '../live-output.ts'
import { cleanLine, painterOf, visibleOutput, writeNotes, writeTo } from '../output.ts'
import { noProgress, type Progress, reduce } from '../progress.ts'
import { render } from '../render.ts'
import { concludeRun } from '../verdict.ts'
import type { View } from './view.ts'

/** Shortest time between two frames. */
const FRAME_MS = 100
/** Time between two frames while nothing happens; a shorter one would wake a machine that is being measured. */
const TICK_MS = 1_000
/** Output that may wait for the next frame. */
const MAX_HELD_CHARACTERS = 64 * 1024

/**
 * @param tails the last line of output of each member, if the view shows them
 * @param explain whether it says at the end why each job was run or not
 */
export function screenView(output: LiveOutput, run?: string, tails?: LastLines, explain = false): View {
  const block = createBlock(process.stderr)
  const paint = painterOf(process.stderr)
  /** Streams that go to the terminal of the block are printed above it. */
  const isAbove = { stdout: isSameTerminal(process.stdout), stderr: isSameTerminal(process.stderr) }
  let state: Progress = { ...noProgress, run }
  let held = ''
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Timeout | undefined

  /** An incomplete line of output waits for its end, so that the block starts on a new line. */
  const takeOutput = (all = false): string => {
    const length = all || held.length > MAX_HELD_CHARACTERS ? held.length : held.lastIndexOf('\n') + 1
    const text = held.slice(0, length)
    held = held.slice(length)
    return text === '' || text.endsWith('\n') ? text : `${text}\n`
  }
  const draw = (above = '') => {
    const width = (process.stderr.columns ?? 80) - 1
    const { rows } = process.stderr
    block.draw(render(state, { width, rows, now: Date.now(), paint, tails: tails?.lines }), above)
  }
  const frame = () => {
    soon = undefined
    draw(takeOutput())
  }
  const change = () => {
    soon ??= setTimeout(frame, FRAME_MS)
  }
  const resize = () => {
    // the terminal wrapped the lines again, so they are not where the block was drawn
    block.clear()
    change()
  }
  const begin = () => {
    if (timer != null) return
    timer = setInterval(change, TICK_MS)
    change()
    process.stderr.on('resize', resize)
  }
  const followLines = (id: string) => tails?.follow(id, change)
  const say = async (text: string) => {
    const line = `${cleanLine(text)}\n`
    if (timer == null) await writeTo(process.stderr, line)
    else draw(line)
  }
  return {
    start: async begun => {
      state = { ...state, run: begun.run }
      await say(describeBegun(begun))
      begin()
      followLines(begun.run)
    },
    show: async event => {
      begin()
      change()
      if (event.type === 'created') followLines(event.run)
      // the block does not repeat output that is printed above it
      if (event.type !== 'output' || !isAbove[event.stream]) state = reduce(state, event)
      if (event.type === 'workload-ended') output.count(event)
      if (event.type === 'output') await showOutput(event)
    },
    say,
    finish: async (run, ended, moved) => {
      const begun = timer != null
      tails?.end()
      clearInterval(timer)
      clearTimeout(soon)
      timer = undefined
      process.stderr.off('resize', resize)
      // a run that was refused has no block
      if (begun) draw(takeOutput(true))
      block.done()
      const lacking = await output.finish(run, ended != null)
      const last = ended == null ? [] : await concludeRun(run, ended, moved, { ...state, explain })
      await writeNotes([...lacking, ...last])
    }
  }

  async function showOutput(event: Extract<RunEvent, { type: 'output' }>) {
    if (!isAbove[event.stream]) return output.show(event)
    await output.show(event, async bytes => {
      held += visibleOutput(bytes)
    })
    if (held.length > MAX_HELD_CHARACTERS) draw(takeOutput())
  }
}

/** Whether a stream goes to the same terminal as the block. */
const isSameTerminal = (stream: NodeJS.WriteStream & { fd?: number }) =>
  stream.isTTY && fstatSync(stream.fd as number).rdev === fstatSync(process.stderr.fd).rdev
