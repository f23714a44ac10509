/** What the command line asks for. */
import { parseOptions } from '../../testnets/options.ts'

/** @param partNames of all parts */
export const usageOf = (partNames: string[]) => `usage: npm run bench -- [PART ...] [options]
Measures bak as real processes beside what it is compared with, in turn, and prints median, spread, ratio and budget.
  parts            ${partNames.join(', ')} (all)
  --peers N        members of the mesh (64); of growth the largest number (128, or what memory holds)
  --rounds N       repetitions that count (5)
  --mib N          MiB of the single large transfer (1024)
  --json FILE      the figures, with every repetition
  --write          writes docs/bench.md
  --before FILE    what --json wrote of another commit, to stand beside the figures in docs/bench.md
  --profile        where the processor time of bak goes: parts with members only; slower, its figures are not for the table.
                   With --write only what docs/bench.md says of why the parts miss budgets
  --install        fetches what bak is compared with from Debian and npm into build/bench, and pbench's scripts from GitHub or
                   from the tarball that BAK_BENCH_PBENCH names, and ends
  --help`

export interface Options {
  parts: string[]
  peers: number
  /** The largest mesh of growth. */
  largest: number
  rounds: number
  mib: number
  json?: string
  /** A file that --json wrote. */
  before?: string
  write: boolean
  profile: boolean
  install: boolean
}

/** @param partNames of all parts @throws when a word is no part or an option is not as it must be */
export function readOptions(args: string[], partNames: string[]): Options {
  const first = args.findIndex(word => word.startsWith('-'))
  const named = first < 0 ? args : args.slice(0, first)
  const wrong = named.find(name => !partNames.includes(name))
  if (wrong != null) throw new Error(`no part ${wrong}; there are ${partNames.join(', ')}`)
  const values = parseOptions(args.slice(named.length), {
    peers: { is: 'number', default: 64, least: 2, most: 256 },
    rounds: { is: 'number', default: 5, least: 1, most: 1000 },
    mib: { is: 'number', default: 1024, least: 8, most: 16_384 },
    json: { is: 'text' },
    before: { is: 'text' },
    write: { is: 'switch' },
    profile: { is: 'switch' },
    install: { is: 'switch' }
  })
  const largest = args.some(word => word.startsWith('--peers')) ? values.peers : 128
  return { parts: named.length === 0 ? partNames : partNames.filter(name => named.includes(name)), largest, ...values }
}
