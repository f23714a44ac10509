/**
 * Processes of a program that bak is compared with. They get their questions over Node's channel between parent and child, before and
 * after what is measured, never within it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Longest wait for a process to be ready, and for its answer to a question. */
const READY_TIMEOUT_MS = 30_000
const ANSWER_TIMEOUT_MS = 120_000
/** Processes that start at the same time, so that none waits for a core until it is given up. */
const MAX_STARTING = 4

const orphans = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of orphans) child.kill('SIGKILL')
})

/** One such process. */
export interface Hand {
  pid: number
  /** Its first message. */
  ready: unknown
  ask<T>(question: unknown): Promise<T>
  stop(): Promise<void>
}

/** Starts `script` in `peers/` with the arguments of a role. @throws if it does not get ready */
export const hire = (script: string, ...args: Array<string | number>) => hireIn([], script, ...args)

/** @param enter the words before a program that runs it elsewhere, such as in a network namespace */
export async function hireIn(enter: string[], script: string, ...args: Array<string | number>): Promise<Hand> {
  const path = fileURLToPath(new URL(`peers/${script}.ts`, import.meta.url))
  const [execPath = process.execPath, ...execArgv] = [...enter, process.execPath]
  const child = fork(path, args.map(String), {
    execPath,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv,
    // a Ctrl-C at the terminal is for the bench, which then ends them in order
    detached: true
  })
  orphans.add(child)
  child.once('exit', () => orphans.delete(child))
  let stderr = ''
  child.stderr?.on('data', data => (stderr = `${stderr}${data}`.slice(-2_000)))
  const next = <T>(timeout: number) => answerOf<T>(child, script, timeout, () => stderr)
  const ready = await next(READY_TIMEOUT_MS)
  return {
    pid: child.pid as number,
    ready,
    ask: async <T>(question: unknown) => {
      const answer = next<T>(ANSWER_TIMEOUT_MS)
      child.send(question as object)
      return answer
    },
    stop: () => end(child)
  }
}

/** Starts several; all are ready when this resolves. @param words script and arguments of each, counted from 0 */
export async function hireAll(
  count: number,
  words: (i: number) => [string, ...Array<string | number>]
): Promise<Hand[]> {
  const hands: Hand[] = []
  try {
    while (hands.length < count) {
      const portion = Math.min(MAX_STARTING, count - hands.length)
      const first = hands.length
      hands.push(...(await Promise.all(Array.from({ length: portion }, (_, i) => hire(...words(first + i))))))
    }
    return hands
  } catch (error) {
    await dismiss(hands)
    throw error
  }
}

export async function dismiss(hands: Hand[]): Promise<void> {
  await Promise.all(hands.map(hand => hand.stop()))
}

/** Ends a program that was started with `spawn`, and whatever has its process group. */
export function end(child: ChildProcess): Promise<void> {
  if (child.exitCode != null || child.signalCode != null) return Promise.resolve()
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

/** A program that must not outlive the bench. */
export function keep(child: ChildProcess): ChildProcess {
  orphans.add(child)
  child.once('exit', () => orphans.delete(child))
  return child
}

function answerOf<T>(child: ChildProcess, script: string, timeout: number, stderr: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => done(() => reject(new Error(`${script}: ${why}${stderr() && `: ${stderr()}`}`)))
    const onMessage = (message: unknown) => {
      const { error, value } = message as { error?: string; value: T }
      if (error != null) fail(error)
      else done(() => resolve(value))
    }
    const onExit = (status: number | null, signal: string | null) => fail(`ended with ${status ?? signal}`)
    const timer = setTimeout(() => fail(`no answer within ${timeout / 1000} s`), timeout)
    const done = (settle: () => void) => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit)
      settle()
    }
    child.on('message', onMessage).on('exit', onExit)
  })
}
