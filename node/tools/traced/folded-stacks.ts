/**
 * What `perf script` prints, as folded stacks: a line `program;outermost function;...;innermost function N` for each stack, N being its
 * samples. Functions of the kernel end in `_[k]`.
 */

/** Different stacks that are kept; what is beyond is counted as one. */
const MAX_STACKS = 100_000
const MAX_DEPTH = 256
const MAX_NAME = 256
const OTHERS = '[others]'

/** The fields for which perf script is asked. */
export const SCRIPT_FIELDS = 'comm,tid,event,ip,sym,dso'

/** `my prog 11403 cpu-clock:ppp: `, and behind it the function, where there are no callers. */
const SAMPLE = /^\s*(.*\S)\s+\d+\s+(\S+):\s*(?:\s([\da-f]+)\s+(.*))?$/
/** `	ffffffff8158e3ff next_uptodate_folio ([kernel.kallsyms])` */
const FRAME = /^\s+[\da-f]+\s+(.*)$/

export class FoldedStacks {
  readonly #counts = new Map<string, number>()
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
      if (this.#frames.length < MAX_DEPTH) this.#frames.push(functionOf(frame[1] as string))
      return
    }
    this.end()
    const [, program, event, , innermost] = SAMPLE.exec(text) ?? []
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
    const key = isNew && this.#counts.size >= MAX_STACKS ? OTHERS : stack
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

/** @param text such as `next_uptodate_folio ([kernel.kallsyms])`, `[unknown] (/usr/lib/libc.so.6)` */
function functionOf(text: string): string {
  const [, symbol = text, object = ''] = /^(.*) \(([^()]*|\(deleted\)|.* \(deleted\))\)$/.exec(text) ?? []
  const file =
    object
      .replace(/ \(deleted\)$/, '')
      .split('/')
      .at(-1) ?? ''
  const isKernel = /^\[.*\]$/.test(object) && !/^\[(unknown|vdso|vsyscall|heap|stack)/.test(object)
  // a function without a name is known by the file that it is in
  const name = symbol === '[unknown]' && file !== '' && !isKernel ? `[${file.replace(/^\[|\]$/g, '')}]` : symbol
  return nameIn(name) + (isKernel ? '_[k]' : '')
}

const nameIn = (text: string) =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll(';', ':')
    .slice(0, MAX_NAME)
