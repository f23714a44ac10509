/** For people at a terminal: a block that is redrawn in place, and above it what the workload prints. */
import { fstatSync } from 'node:fs'
import type { RunEvent } from '../../protocols/events.ts'
import { createBlock } from '../block.ts'
import { formatDuration } from '../format.ts'
import { cleanLine, painterOf, writeTo } from '../output.ts'
import { conclude, noProgress, type Progress, reduce } from '../progress.ts'
import { render } from '../render.ts'
import type { View } from './view.ts'

/** Ten times a second at most, ms. */
const FRAME = 100
/** Seconds tick also when nothing happens, ms: more often would wake a machine that is measured. */
const TICK = 1_000
/** Characters of output that may wait for the next frame. */
const MAX_HELD = 64 * 1024

export function screenView(run?: string): View {
  const block = createBlock(process.stderr)
  const paint = painterOf(process.stderr)
  /** What goes to the block's terminal stands above the block. */
  const isAbove = { stdout: isSameTerminal(process.stdout), stderr: isSameTerminal(process.stderr) }
  let state: Progress = { ...noProgress, run }
  let held = ''
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Timeout | undefined

  /** Output that ends within a line waits for its end, so that the block starts on a line of its own. */
  const takeOutput = (all = false): string => {
    const length = all || held.length > MAX_HELD ? held.length : held.lastIndexOf('\n') + 1
    const text = held.slice(0, length)
    held = held.slice(length)
    return text === '' || text.endsWith('\n') ? text : `${text}\n`
  }
  const draw = (above = '') => {
    const width = (process.stderr.columns ?? 80) - 1
    block.draw(render(state, { width, now: Date.now(), paint }), above)
  }
  const frame = () => {
    soon = undefined
    draw(takeOutput())
  }
  const change = () => {
    soon ??= setTimeout(frame, FRAME)
  }
  const resize = () => {
    // lines that were wrapped anew are not where the block left them
    block.clear()
    change()
  }
  const begin = () => {
    if (timer != null) return
    timer = setInterval(change, TICK)
    change()
    process.stderr.on('resize', resize)
  }
  const say = async (text: string) => {
    const line = `${cleanLine(text)}\n`
    if (timer == null) await writeTo(process.stderr, line)
    else draw(line)
  }
  return {
    start: async (run, existed) => {
      state = { ...state, run }
      await say(`run ${run} ${existed ? 'is there already' : 'started'}`)
      begin()
    },
    show: async event => {
      begin()
      change()
      // the block repeats no line that stands above it
      if (event.type !== 'output' || !isAbove[event.stream]) state = reduce(state, event)
      if (event.type === 'output') await showOutput(event)
    },
    say,
    finish: async (run, ended) => {
      const begun = timer != null
      clearInterval(timer)
      clearTimeout(soon)
      timer = undefined
      process.stderr.off('resize', resize)
      // a run that was refused has no block
      if (begun) draw(takeOutput(true))
      block.done()
      if (ended != null) await writeTo(process.stderr, `${cleanLine(conclude(run, ended, formatDuration))}\n`)
    }
  }

  async function showOutput({ stream, text }: Extract<RunEvent, { type: 'output' }>) {
    if (!isAbove[stream]) return writeTo(process[stream], text)
    held += text
    if (held.length > MAX_HELD) draw(takeOutput())
  }
}

/** Whether what is written there stands on the screen that the block is on. */
const isSameTerminal = (stream: NodeJS.WriteStream & { fd?: number }) =>
  stream.isTTY && fstatSync(stream.fd as number).rdev === fstatSync(process.stderr.fd).rdev
