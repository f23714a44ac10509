/** What perf is told: words that count or sample, and show nothing of what is in the memory of others. Pure. */
import type { KnownWords } from '../known-words.ts'
import { NAMES, NUMBER, NUMBERS } from '../known-words.ts'

const MAX_EVENTS = 64

/**
 * Names such as `cycles:u`, `sched:sched_switch`, `r1a8`, and `cpu/event=0x3c,umask=0x0/`. No dot: perf would compile or load a file
 * `x.c` or `x.o`. No value for a term with a hyphen: `faults/call-graph=dwarf,stack-size=8192/` copies the stacks of every process.
 */
export function areEvents(text: string): boolean {
  const terms = [...text.matchAll(/\/([\w=,-]{0,128})\//g)].flatMap(([, inside = '']) => inside.split(','))
  const parts = text.replace(/\/[\w=,-]{0,128}\//g, '/').split(',')
  return (
    terms.every(term => /^(\w+=)?[\w-]*$/.test(term)) &&
    parts.length <= MAX_EVENTS &&
    parts.every(part => /^[A-Za-z_][\w-]{0,63}(:[\w*-]{1,64}){0,2}$|^\w{1,32}\/[a-zA-Z]{0,8}$/.test(part))
  )
}

/** Of both `perf record` and `perf stat`. */
const COMMON: KnownWords['values'] = {
  ...{ '-e': areEvents, '--event': areEvents },
  ...{ '-C': NUMBERS, '--cpu': NUMBERS, '-p': NUMBERS, '--pid': NUMBERS, '-t': NUMBERS, '--tid': NUMBERS }
}

/** Memory of the kernel for each processor, which no process has and no limit holds: pages (4 MiB), or as much in another unit. */
const PAGES = /^(\d{1,3}|10[01]\d|102[0-4]|\d{1,4}K|[1-4]M)$/

/** Not `--call-graph dwarf`, `--user-regs` and their like: they copy the stacks and registers of every process. */
export const RECORD_WORDS: KnownWords = {
  flags: '-a --all-cpus -g -q --quiet -T --timestamp -P --period --sample-cpu -i --no-inherit -b --branch-any'.split(
    ' '
  ),
  values: {
    ...COMMON,
    ...{ '-F': /^(\d{1,7}|max)$/, '--freq': /^(\d{1,7}|max)$/, '-c': NUMBER, '--count': NUMBER },
    ...{ '-m': PAGES, '--mmap-pages': PAGES, '--call-graph': /^(fp|lbr)$/ },
    ...{ '-j': NAMES, '--branch-filter': NAMES }
  }
}

export const STAT_WORDS: KnownWords = {
  flags:
    '-a --all-cpus -A --no-aggr --per-core --per-socket --per-die --per-node --per-thread -d --detailed --topdown'.split(
      ' '
    ),
  values: COMMON
}

/** @returns the words of `-a --freq=100` */
export const wordsIn = (text: unknown): string[] => `${text ?? ''}`.split(/\s+/).filter(word => word !== '')
