/**
 * The groups that are compared, from the words of a person: runs with commas between them, each with an iteration behind a colon or with
 * all that it has.
 */
import { BakError } from '../../protocols/errors.ts'
import { iterationFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Iteration } from '../../protocols/spec.ts'

/** A result, as far as it is compared. */
export interface Opened {
  run: string
  folder: string
  record: RunRecord
}

/** One iteration of one run. */
export interface Selection<Of extends Opened = Opened> {
  result: Of
  /** From 1. */
  number: number
  iteration: Iteration
  /** It was asked for by its name: that its parameters are others is what is looked at. */
  named: boolean
}

export interface Group<Of extends Opened = Opened> {
  /** A, B, C ... */
  label: string
  selections: Selection<Of>[]
}

/** Groups of one comparison. */
const MAX_GROUPS = 16
const MAX_NAMED = 12

/**
 * One run with several iterations is as many groups; the first group is the baseline.
 * @param open opens a result by what a person calls it @param isFolder whether a word as a whole is the folder of a result
 * @throws {BakError} `usage`, and what `open` throws
 */
export async function readGroups<Of extends Opened>(
  words: string[],
  open: (reference: string) => Promise<Of>,
  isFolder: (word: string) => boolean
): Promise<Group<Of>[]> {
  const read: Selection<Of>[][] = []
  for (const word of words) read.push(await readGroup(word, open, isFolder))
  const [only = []] = read
  const lists = read.length === 1 && only.length > 1 ? only.map(each => [{ ...each, named: true }]) : read
  if (lists.length < 2)
    throw new BakError('usage', 'one group is nothing to compare: bak compare A B, or a run with several iterations')
  if (lists.length > MAX_GROUPS)
    throw new BakError(
      'usage',
      `${lists.length} groups, and ${MAX_GROUPS} are the most: name iterations as RUN:ITERATION`
    )
  refuseTwice(lists.flat())
  return lists.map((selections, i) => ({ label: String.fromCharCode(65 + i), selections }))
}

async function readGroup<Of extends Opened>(
  word: string,
  open: (reference: string) => Promise<Of>,
  isFolder: (word: string) => boolean
): Promise<Selection<Of>[]> {
  const found: Selection<Of>[] = []
  for (let rest: string | undefined = word; rest != null; ) {
    const reference: string = isFolder(rest) ? rest : (/^[^:,]*/.exec(rest)?.[0] ?? '')
    if (reference === '')
      throw new BakError('usage', `"${word}": a run is missing: RUN, RUN:ITERATION, or several with commas`)
    const result: Of = await open(reference)
    rest = rest.slice(reference.length)
    if (rest.startsWith(':')) {
      const { number, length } = iterationAt(result, rest.slice(1))
      found.push(selectionOf(result, number, true))
      rest = rest.slice(1 + length)
    } else found.push(...result.record.spec.iterations.map((_, i) => selectionOf(result, i + 1, false)))
    rest = rest === '' ? undefined : rest.slice(1)
  }
  return found
}

/** The iteration that a text begins with, by its name, folder or number: a name may have commas. The longest one is meant. */
function iterationAt({ run, record }: Opened, text: string): { number: number; length: number } {
  const { iterations } = record.spec
  const called = iterations.flatMap(({ name }, i) =>
    [name, iterationFolder({ number: i + 1, name }), `${i + 1}`].map(word => ({ number: i + 1, word }))
  )
  const [found] = called
    .filter(({ word }) => text === word || text.startsWith(`${word},`))
    .sort((a, b) => b.word.length - a.word.length)
  if (found != null) return { number: found.number, length: found.word.length }
  const names = listInWords(
    iterations.map(({ name }) => name),
    MAX_NAMED
  )
  throw new BakError('usage', `${run} has no iteration ${text}: it has ${names}`)
}

const selectionOf = <Of extends Opened>(result: Of, number: number, named: boolean): Selection<Of> => ({
  ...{ result, number, named },
  iteration: result.record.spec.iterations[number - 1] as Iteration
})

/** Samples that are in a comparison twice would make it look surer than it is. */
function refuseTwice(all: Selection[]): void {
  const seen = new Set<string>()
  for (const each of all) {
    const key = placeOf(each)
    if (seen.has(key)) throw new BakError('usage', `${key} is named twice: samples count once, in one group`)
    seen.add(key)
  }
}

/** `20261122T213015-k3f9ab:4k` */
export const placeOf = ({ result: { run }, iteration: { name } }: Selection): string => `${run}:${name}`

/**
 * Under which name a selection stands beside those of the other groups: each iteration for itself by its name; where every group has one
 * only, these are compared, whatever their names are.
 */
export function keysOf(groups: Group[]): (selection: Selection) => string {
  const isOne = groups.every(({ selections }) => {
    const names = new Set(selections.map(({ iteration }) => iteration.name))
    return names.size === 1 || selections.every(({ named }) => named)
  })
  return ({ iteration }) => (isOne ? '' : iteration.name)
}
