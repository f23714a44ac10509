/**
 * Finds the lines of a command's output at which tools start and stop, group by group, in the order of the lines. The output is read from its
 * files, so that nothing here delays the command; between stdout and stderr the order is as exact as these are read.
 */
import { asBakError } from '../../../protocols/errors.ts'
import { describeTrigger, type Edge, MAX_WINDOWS, type Trigger } from '../../../protocols/trigger.ts'
import { fittingLines } from '../line-patterns.ts'
import type { OutputLines } from '../output-lines.ts'

/** Portions of each file that are read in one look. */
const MAX_PORTIONS = 16
/** Of what is left when the command has ended. */
const MAX_LAST_PORTIONS = 256

const UNREAD = 'the output was written faster than it could be read: its end was not looked at'

interface Group {
  group: string
  trigger: Trigger
  isOpen: boolean
  windows: number
  /** Lines that meant nothing, or came too late. */
  strays: { stops: number; short: number; late: number; beyond: number }
  seen: { start: boolean; stop: boolean }
  /** Why the output is not looked at for it any more. */
  broken?: string
}

/** What the output lacks of what a trigger says. */
export interface Untriggered {
  group: string
  reason: string
}

export class TriggerWatch {
  readonly #groups: Group[]
  readonly #files: OutputLines[]
  readonly #now: () => number

  /** @param now the controller's clock */
  constructor(triggers: Map<string, Trigger>, files: OutputLines[], now: () => number) {
    this.#groups = [...triggers].map(([group, trigger]) => ({
      ...{ group, trigger, isOpen: false, windows: 0 },
      strays: { stops: 0, short: 0, late: 0, beyond: 0 },
      seen: { start: false, stop: false }
    }))
    this.#files = files
    this.#now = now
  }

  /** @param edges gets what was written since the last call says; of a window that is over before somebody was told that it began there is none */
  async look(edges: Edge[]): Promise<void> {
    for (let i = 0; i < MAX_PORTIONS && this.isBehind; i++)
      for (const file of this.#files) this.#find(await file.read(), edges)
  }

  /** The command has ended: the rest of its output starts nothing. @param edges gets the last stops */
  async end(edges: Edge[]): Promise<void> {
    for (let i = 0; i < MAX_LAST_PORTIONS && this.isBehind; i++)
      for (const file of this.#files) this.#find(await file.read(), edges, true)
    if (this.isBehind) this.giveUp(UNREAD)
    else for (const file of this.#files) this.#find(file.end(), edges, true)
  }

  /** Whether more was written than was read. */
  get isBehind(): boolean {
    return this.#files.some(each => each.isBehind)
  }

  /** The output cannot be read any more. */
  giveUp(reason: string): void {
    for (const each of this.#groups) each.broken ??= reason
  }

  /** @returns what is to be named, once the command has ended */
  untriggered(): Untriggered[] {
    return this.#groups.flatMap(each => whyUntriggered(each).map(reason => ({ group: each.group, reason })))
  }

  #find(lines: string[], edges: Edge[], isOver = false): void {
    if (lines.length === 0) return
    const found = this.#groups.map(each => ({ each, ...fitting(each, lines) }))
    for (let i = 0; i < lines.length; i++)
      for (const { each, start, stop } of found) this.#step(each, { starts: start[i], stops: stop[i] }, edges, isOver)
  }

  #step(of: Group, line: { starts?: boolean; stops?: boolean }, edges: Edge[], isOver: boolean): void {
    if (line.starts) of.seen.start = true
    if (line.stops) of.seen.stop = true
    if (of.isOpen && line.stops) this.#close(of, edges)
    else if (!of.isOpen && line.starts) this.#open(of, edges, isOver)
    else if (!of.isOpen && line.stops) of.strays.stops++
  }

  #open(of: Group, edges: Edge[], isOver: boolean): void {
    of.isOpen = true
    if (isOver) of.strays.late++
    else if (of.windows >= MAX_WINDOWS) of.strays.beyond++
    else edges.push({ group: of.group, what: 'start', sample: ++of.windows, at: this.#now() })
  }

  #close(of: Group, edges: Edge[]): void {
    of.isOpen = false
    const last = edges.findLastIndex(({ group }) => group === of.group)
    if (edges[last]?.what === 'start') {
      // nobody was told of its begin: it was too short for any tool
      edges.splice(last, 1)
      of.windows--
      of.strays.short++
    } else if (of.strays.late + of.strays.beyond === 0)
      edges.push({ group: of.group, what: 'stop', sample: of.windows, at: this.#now() })
  }
}

/** An expression that takes too long is given up, and named. */
function fitting(each: Group, lines: string[]): { start: boolean[]; stop: boolean[] } {
  if (each.broken != null) return { start: [], stop: [] }
  try {
    return { start: fittingLines(each.trigger.start, lines), stop: fittingLines(each.trigger.stop, lines) }
  } catch (cause) {
    each.broken = asBakError(cause).message
    return { start: [], stop: [] }
  }
}

/** @returns `once`, `3 times` */
const times = (count: number) => (count === 1 ? 'once' : `${count} times`)

function whyUntriggered({ trigger, strays, seen, broken }: Group): string[] {
  const { stops, short, late, beyond } = strays
  if (broken != null) return [broken]
  const never = (['start', 'stop'] as const).filter(what => !seen[what])
  return [
    ...(never.length === 2 ? [`no line of the output fits ${describeTrigger(trigger)}`] : []),
    ...(never.length === 1 ? never.map(what => `no line of the output fits its ${what}, /${trigger[what]}/`) : []),
    ...(stops === 0 ? [] : [`the output said stop ${times(stops)} while its tools did not run`]),
    ...(short === 0 ? [] : [`the output said start and stop too shortly one after the other, ${times(short)}`]),
    ...(late === 0 ? [] : [`the output said start ${times(late)} before the command ended, too late for its tools`]),
    ...(beyond === 0 ? [] : [`the output said start more than ${MAX_WINDOWS} times`])
  ]
}
