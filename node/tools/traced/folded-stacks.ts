/**
 * What `perf script` prints, as folded stacks: a line `program;outermost function;...;innermost function N` for each stack, N being its
 * samples. Functions of the kernel end in `_[k]`.
 */

/** Different stacks that are kept; what is beyond is counted as one. */
const MAX_STACKS = 100_000
/** Letters of all of them. */
const MAX_LETTERS = 32 * 1024 * 1024
const MAX_DEPTH = 256
const MAX_NAME = 256
const OTHERS = '[others]'
/** A function that has no name, and of which it is not known in what file it is. */
const UNKNOWN = '[unknown]'
/** Of a line that is looked at: the name of a function may be longer, that of a program is not. */
const MAX_LINE = 4096
/** Behind an object whose file is gone. */
const DELETED = ' (deleted))'

/** The fields for which perf script is asked. */
export const SCRIPT_FIELDS = 'comm,tid,event,ip,sym,dso'

/** `my prog 11403 cpu-clock:ppp: `, and behind it the function, where there are no callers. */
const SAMPLE = /^\s*(.*\S)\s+\d+\s+(\S+):\s*(?:\s([\da-f]+)\s+(.*))?$/
/** `	ffffffff8158e3ff next_uptodate_folio ([kernel.kallsyms])` */
const FRAME = /^\s+[\da-f]+\s+(.*)$/

export class FoldedStacks {
  readonly #counts = new Map<string, number>()
  #letters = 0
  /** Of the samples of other events there is no sum with these. */
  #event: string | undefined
  readonly #others = new Set<string>()
  #program: string | undefined
  /** The innermost first. */
  #frames: string[] = []
  samples = 0

  /** @returns names of events whose samples are left out */
  get otherEvents(): string[] {
    return [...this.#others]
  }

  line(text: string): void {
    if (text === '') return this.end()
    const frame = this.#program == null ? null : FRAME.exec(text)
    if (frame != null) {
      const name = functionOf(frame[1] as string)
      // frames without a name, of a program without symbols or frame pointers, say nothing however many they are
      const isRepeated = /^\[.*\]$/.test(name) && this.#frames.at(-1) === name
      if (!isRepeated && this.#frames.length < MAX_DEPTH) this.#frames.push(name)
      return
    }
    this.end()
    const [, program, event, , innermost] = (text.length > MAX_LINE ? null : SAMPLE.exec(text)) ?? []
    if (program == null || event == null) return
    this.#event ??= event
    if (event !== this.#event) {
      if (this.#others.size < 16) this.#others.add(event)
      return
    }
    this.#program = nameIn(program)
    if (innermost == null) return
    this.#frames.push(functionOf(innermost))
    this.end()
  }

  /** After the last line. */
  end(): void {
    if (this.#program == null) return
    const stack = [this.#program, ...this.#frames.reverse()].join(';')
    const isNew = !this.#counts.has(stack)
    const isFull = this.#counts.size >= MAX_STACKS || this.#letters + stack.length > MAX_LETTERS
    const key = isNew && isFull ? OTHERS : stack
    if (isNew && !isFull) this.#letters += stack.length
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    this.samples++
    this.#program = undefined
    this.#frames = []
  }

  /** @returns in the order of their names */
  text(): string {
    return [...this.#counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([stack, count]) => `${stack} ${count}\n`)
      .join('')
  }
}

/** @param text such as `next_uptodate_folio ([kernel.kallsyms])`, `[unknown] (/usr/lib/libc.so.6)`, `main (/tmp/x (deleted))` */
function functionOf(text: string): string {
  const end = text.endsWith(DELETED) ? text.length - DELETED.length : text.length - 1
  const begin = text.endsWith(')') ? text.lastIndexOf(' (', end - 1) : -1
  const symbol = begin < 0 ? text : text.slice(0, begin)
  const object = begin < 0 ? '' : text.slice(begin + 2, end)
  const file = object.slice(object.lastIndexOf('/') + 1)
  const isKernel = /^\[.*\]$/.test(object) && !/^\[(unknown|vdso|vsyscall|heap|stack)/.test(object)
  // a function without a name is known by the file that it is in
  const name = symbol === UNKNOWN && file !== '' && !isKernel ? `[${file.replace(/^\[|\]$/g, '')}]` : symbol
  return nameIn(name) + (isKernel ? '_[k]' : '')
}

const nameIn = (text: string) =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll(';', ':')
    .slice(0, MAX_NAME)
