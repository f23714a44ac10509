/** Processes of this machine by id or by name, but for those that no tool may attach to. */
import { readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import { globOf } from '../../protocols/glob.ts'
import { ifPossible, textIn } from '../if-possible.ts'
import { allPids } from '../processes/process-group.ts'
import type { Setting } from './tool.ts'

interface FoundProcess {
  pid: number
  /** As the kernel has it: 15 characters. */
  name: string
  argv: string[]
}

const MAX_PIDS = 64
/** Looks at a process that is new. */
const LOOKS_AT_NEW = 10
/** From one look at all processes to the next. */
const LOOKS_TO_WHOLE = 50

/** Of tools that look at processes: pbench's names. */
export const processSettings: Setting[] = [
  {
    name: 'pid',
    type: 'string',
    summary: 'ids of processes, with commas between them',
    check: text =>
      /^\d{1,10}(,\d{1,10})*$/.test(text) && text.split(',').length <= MAX_PIDS
        ? undefined
        : `expected up to ${MAX_PIDS} numbers, with commas between them`
  },
  {
    name: 'pattern',
    type: 'string',
    noPath: true,
    summary:
      'name of a program, with *; with a blank in it, of its whole command line. Those that start later are found, too',
    check: text => (/^[^\0\n]{1,256}$/.test(text) ? undefined : 'expected one line')
  }
]

interface Wanted {
  pid?: unknown
  pattern?: unknown
}

/** @returns those with these ids, and those that the pattern fits; in the order of their ids */
export const findProcesses = (wanted: Wanted): FoundProcess[] => new ProcessSearch(wanted).look()

/** Looks again and again: a process that was seen often is looked at rarely, as there may be thousands. */
export class ProcessSearch {
  readonly #pids: Set<number>
  readonly #fits: ((found: FoundProcess) => boolean) | undefined
  /** By id, how often it was seen: a new process soon becomes another program. */
  #seen = new Map<number, number>()
  #looks = 0

  constructor({ pid, pattern }: Wanted) {
    this.#pids = new Set(pid == null ? [] : `${pid}`.split(',').map(Number))
    this.#fits = pattern == null ? undefined : patternOf(`${pattern}`)
  }

  /** @returns those that are found in this look */
  look(): FoundProcess[] {
    const isWhole = this.#looks++ % LOOKS_TO_WHOLE === 0
    const before = this.#seen
    this.#seen = new Map()
    return everyPid().flatMap(each => {
      const times = before.get(each) ?? 0
      this.#seen.set(each, times + 1)
      if (!isWhole && times >= LOOKS_AT_NEW) return []
      if (!this.#pids.has(each) && this.#fits == null) return []
      const found = processOf(each)
      return found != null && (this.#pids.has(each) || this.#fits?.(found)) ? [found] : []
    })
  }
}

function patternOf(pattern: string): (found: FoundProcess) => boolean {
  const fits = globOf(pattern.includes(' ') ? pattern.replace(/\*+/g, '**') : pattern)
  if (pattern.includes(' ')) return ({ argv }) => fits(argv.join(' '))
  return ({ name, argv: [program = ''] }) => fits(name) || fits(basename(program))
}

/** @returns why no tool attaches to it, in words: it is bak's own, or holds up the whole machine */
export function whyProtected(pid: number): string | undefined {
  if (pid === 1) return 'process 1, without which the machine stops'
  if (pid === process.pid) return 'this daemon'
  const found = processOf(pid)
  if (found == null) return undefined
  if (found.argv.length === 0) return 'a thread of the kernel'
  if (found.name === 'strace') return 'strace itself'
  const isOurs = found.argv.slice(0, 4).some(word => /^bak-node\b/.test(basename(word))) || found.name === 'bak-node'
  if (isOurs || isSameProgram(pid, found)) return 'a daemon of bak'
  return parentOf(pid) === process.pid && found.argv[0] === 'sh' && found.argv[2]?.includes('cgroup.kill')
    ? 'the guard of this daemon'
    : undefined
}

/** The executable of this daemon is also Node, which others run, too. */
function isSameProgram(pid: number, { argv }: FoundProcess): boolean {
  const exe = (of: number | string) => ifPossible(() => readlinkSync(`/proc/${of}/exe`))
  const own = exe('self')
  return own != null && exe(pid) === own && argv[1] != null && argv[1] === process.argv[1]
}

const everyPid = (): number[] => allPids().sort((a, b) => a - b)

/** @returns undefined for one that has ended */
function processOf(pid: number): FoundProcess | undefined {
  const [name, words] = [textIn(`/proc/${pid}/comm`), textIn(`/proc/${pid}/cmdline`)]
  return name == null || words == null ? undefined : { pid, name: name.trim(), argv: words.split('\0').slice(0, -1) }
}

/** @returns a line of /proc/PID/status, without its name */
export function statusOf(pid: number, line: string): string | undefined {
  const lines = textIn(`/proc/${pid}/status`)?.split('\n')
  return lines
    ?.find(each => each.startsWith(`${line}:`))
    ?.slice(line.length + 1)
    .trim()
}

const parentOf = (pid: number) => Number(statusOf(pid, 'PPid'))
