/**
 * strace: system calls of processes, each with its time and how long it took. Of what they read and write only the length is shown. It
 * attaches to processes that are there and to those that come while it runs, never to a daemon of bak.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError } from '../../../protocols/errors.ts'
import type { ToolOptions } from '../../../protocols/tool-options.ts'
import { now } from '../../now.ts'
import { ProcessSearch, processSettings, statusOf, whyProtected } from '../find-processes.ts'
import { findProgram, versionOf } from '../find-program.ts'
import { boundedBy } from '../folder-size.ts'
import { filesOfProgram, notFound } from '../program-tool.ts'
import { KILLED, runProgram } from '../run-program.ts'
import { settingsOf } from '../settings-of.ts'
import { sizeSetting } from '../size-setting.ts'
import { type RunningTool, type Tool, type ToolContext, unusable } from '../tool.ts'
import { reasonOf, tryProgram } from '../try-program.ts'

/** Between two looks for processes that have come. */
const LOOK_EVERY_MS = 200
/** Programs of strace: each attaches to all that is there when it starts. */
const MAX_PROGRAMS = 32
/** Traced at once: each is slowed down. */
const MAX_TRACED = 256
const SIZE_MIB = 64
/** Now and then strace 6.1 does not let go of a process in vfork, and holds it up: the kernel lets go when strace is killed. */
const GRACE_MS = 1_500

const needs = {
  ...{ program: 'strace', debian: 'strace', fedora: 'strace' },
  privilege: 'root, for processes of other users; none for your own where kernel.yama.ptrace_scope is 0'
}

export const strace: Tool = {
  name: 'strace',
  summary: 'system calls of processes: which, when and how long, without what they read and write',
  ...{ lifetime: 'transient', needs, stop: 'SIGINT' },
  settings: [
    ...processSettings,
    {
      name: 'trace',
      type: 'string',
      default: 'all',
      summary: 'which calls: names or classes such as %file,%network, with commas',
      check: text =>
        /^!?%?\w{1,64}(,%?\w{1,64}){0,127}$/.test(text)
          ? undefined
          : 'expected names of calls, with commas between them'
    },
    {
      name: 'count',
      type: 'boolean',
      default: false,
      summary: 'counts and times of each call at the end, instead of every call'
    },
    sizeSetting(SIZE_MIB)
  ],
  noWords: 'strace can run programs, and write and show anything',
  files: [
    { name: 'strace.txt', what: 'pid, seconds since 1970, call, result, seconds that it took' },
    { name: 'later<n>/strace.txt', what: 'the same of processes that came while it ran' },
    ...filesOfProgram('strace')
  ],
  check,
  start
}

async function check(options: ToolOptions, { isQuick = false } = {}) {
  const path = await findProgram('strace')
  if (path == null) return unusable('strace', notFound(needs))
  if (isQuick) return { tool: 'strace', usable: true }
  const { values } = settingsOf(strace, options)
  const refused = whyNone(values)
  if (refused != null) return unusable('strace', refused)
  const tried = await tryProgram(['strace', '-o', '/dev/null', '-e', 'trace=none', 'true'])
  if (!tried.isDone) return unusable('strace', reasonOf(tried))
  if (values.pid == null && values.pattern == null)
    return unusable('strace', `it works here once it knows whom to trace: pattern=NAME, or pid=NUMBER`)
  const limits =
    process.getuid?.() === 0 ? undefined : 'strace: without root it attaches to your own processes only, if at all'
  return { tool: 'strace', usable: true, version: await versionOf(path), reason: limits }
}

type Values = Record<string, unknown>

function whyNone({ pid }: Values): string | undefined {
  for (const each of pid == null ? [] : `${pid}`.split(',')) {
    const why = whyProtected(Number(each))
    if (why != null) return `pid ${each} is ${why}`
  }
  return undefined
}

/** None that is traced already, as what a traced process starts is. */
const isFree = (pid: number) =>
  whyProtected(pid) == null && statusOf(pid, 'TracerPid') === '0' && !/^[ZX]/.test(statusOf(pid, 'State') ?? 'X')

async function start(context: ToolContext): Promise<RunningTool> {
  const { values } = settingsOf(strace, context.options)
  const [began, remarks, parts]: [number, string[], RunningTool[]] = [now(), [], []]
  const search = new ProcessSearch(values)
  const attempted = new Set<number>()
  const later = new AbortController()
  let [isStarted, isOver] = [false, false]
  let attaching: Promise<void> | undefined

  /** Some may end meanwhile, and some may not be traced: strace says so, and goes on with the others. */
  async function attach(): Promise<void> {
    const pids = search
      .look()
      .map(({ pid }) => pid)
      .filter(pid => !attempted.has(pid) && isFree(pid))
      .slice(0, MAX_TRACED)
    if (pids.length === 0 || isOver) return
    for (const pid of pids) attempted.add(pid)
    const folder = parts.length === 0 ? context.folder : join(context.folder, `later${parts.length}`)
    await mkdir(folder, { recursive: true })
    // the signal of the start is over for those that come later
    const signal = parts.length === 0 && !isStarted ? context.signal : later.signal
    parts.push(await runProgram(runOf(pids, values), { ...context, folder, signal }))
  }
  const look = () => {
    if (isOver || attaching != null || parts.length >= MAX_PROGRAMS) return
    attaching = attach()
      .catch(cause => void remarks.push(`attached to no more: ${asBakError(cause).message}`))
      .finally(() => {
        attaching = undefined
      })
  }
  await attach()
  isStarted = true
  const timer = setInterval(look, LOOK_EVERY_MS)
  timer.unref()
  const ready = parts[0]?.ready ?? Promise.resolve()
  ready.catch(() => {})
  const running: RunningTool = {
    ...{ began, ready, remarks },
    get group() {
      return parts[0]?.group
    },
    async stop() {
      isOver = true
      clearInterval(timer)
      await attaching
      const faults = (await Promise.all(parts.map(part => part.stop()))).flat()
      remarks.push(...parts.flatMap(part => part.remarks ?? []))
      if (parts.length === MAX_PROGRAMS)
        remarks.push(`attached ${MAX_PROGRAMS} times, and to no process that came later`)
      if (parts.length === 0) return [`no process was there: ${inWords(values)}`]
      const isKilled = values.count !== true && faults.includes(KILLED)
      if (isKilled)
        remarks.push(
          'did not let go of a process that waits for its child, and was killed: each line was written before'
        )
      return [...new Set(faults)].filter(fault => !isKilled || fault !== KILLED)
    }
  }
  return boundedBy(running, context.folder, values.size as number)
}

const inWords = ({ pid, pattern }: Values) => (pattern == null ? `pid ${pid}` : `pattern ${pattern}`)

/** Its processes may end before it is stopped, and it with them. */
const runOf = (pids: number[], { trace, count }: Values) => ({
  ...{
    name: 'strace',
    stopSignal: 'SIGINT' as const,
    grace: GRACE_MS,
    output: 'strace.txt',
    mayEnd: 'all processes that it traced have ended'
  },
  argv: [
    ...['strace', '-f', '-ttt', '-T', '-s', '0', '-e', `trace=${trace}`, '-o', 'strace.txt'],
    ...(count === true ? ['-c'] : []),
    ...pids.flatMap(pid => ['-p', `${pid}`])
  ]
})
