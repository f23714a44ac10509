/** A text that a program printed, as readers of results look at it: as a whole, by its lines, or by the JSON in it; in linear time and without a list of lines. */

/** Characters of a line that is looked at: the rest is left out. Bounds the time of the patterns of readers, too. */
const MAX_LINE = 1024
/** Time for the lines of one text, ms: a report of 200,000 lines takes a third of it. The daemon does nothing else then. */
const MAX_TIME_MS = 1_000
/** Lines between two looks at the time. */
const LINES_A_LOOK = 4096
/** JSON objects in one text. */
const MAX_OBJECTS = 64
/** Values in one of them, and how deep they are in each other. 16 MiB of `json+` of fio have some 700,000, 8 deep; more take seconds. */
const MAX_VALUES = 1_000_000
const MAX_DEPTH = 64

export class OutputText {
  readonly text: string
  #values: unknown[] | undefined

  constructor(text: string) {
    this.text = text
  }

  has(...words: string[]): boolean {
    return words.every(word => this.text.includes(word))
  }

  /**
   * Without their ends, and without empty ones; a carriage return begins a line, too, since programs write over what they wrote before.
   * @throws {Error} if it takes too long
   */
  *lines(): Generator<string> {
    const { text } = this
    const next = (mark: string, from: number) => {
      const found = text.indexOf(mark, from)
      return found < 0 ? text.length : found
    }
    let [feed, back] = [next('\n', 0), next('\r', 0)]
    const deadline = performance.now() + MAX_TIME_MS
    for (let begin = 0, count = 1; begin < text.length; count++) {
      if (count % LINES_A_LOOK === 0 && performance.now() > deadline)
        throw new Error(`its lines take longer than ${MAX_TIME_MS} ms: the rest is not read`)
      const end = Math.min(feed, back)
      if (end > begin) yield text.slice(begin, Math.min(end, begin + MAX_LINE))
      begin = end + 1
      // each is searched for once, however far it is
      if (feed < begin) feed = next('\n', begin)
      if (back < begin) back = next('\r', begin)
    }
  }

  /**
   * What of the text is a JSON object: programs and shells print lines around it. It begins at the begin of a line.
   * @throws {Error} if one has no end, or is none
   */
  json(): unknown[] {
    this.#values ??= [...valuesIn(this.text)]
    return this.#values
  }
}

function* valuesIn(text: string): Generator<unknown> {
  let count = 0
  for (let begin = nextObject(text, 0); begin >= 0; ) {
    if (++count > MAX_OBJECTS) throw new Error(`it has more than ${MAX_OBJECTS} JSON objects`)
    const end = endOfObject(text, begin)
    if (end < 0) throw new Error('its JSON has no end: it is cut')
    yield JSON.parse(text.slice(begin, end))
    begin = nextObject(text, end)
  }
}

/** @returns where the next object begins, at the begin of a line */
function nextObject(text: string, from: number): number {
  for (let at = text.indexOf('{', from); at >= 0; at = text.indexOf('{', at + 1)) {
    if (at === 0 || text[at - 1] === '\n') return at
  }
  return -1
}

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x7b, 0x7d]
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d]

/** @returns the place behind an object; -1 where it has no end @throws {Error} if it has too much in it */
function endOfObject(text: string, begin: number): number {
  let [depth, lists, values] = [0, 0, 0]
  let isInText = false
  for (let at = begin; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isInText) {
      if (code === BACKSLASH) at++
      else if (code === QUOTE) isInText = false
      continue
    }
    if (code === QUOTE) isInText = true
    else if (code === CLOSE_LIST) lists--
    else if (code === CLOSE && --depth === 0) return at + 1
    else if (code === COMMA) values++
    else if (code === OPEN || code === OPEN_LIST) {
      values++
      if (code === OPEN) depth++
      else lists++
      if (depth + lists > MAX_DEPTH) throw new Error(`its JSON is more than ${MAX_DEPTH} deep`)
    }
    if (values > MAX_VALUES) throw new Error(`its JSON has more than ${MAX_VALUES} values`)
  }
  return -1
}

/** @returns what is at this way into a value of JSON; undefined where there is nothing */
export function at(value: unknown, ...way: Array<string | number>): unknown {
  return way.reduce<unknown>(
    (inside, key) =>
      inside != null && typeof inside === 'object' && Object.hasOwn(inside, key)
        ? (inside as Record<string | number, unknown>)[key]
        : undefined,
    value
  )
}

/** @returns a finite number; undefined for anything else */
export function numberAt(value: unknown, ...way: Array<string | number>): number | undefined {
  const found = at(value, ...way)
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

/** @returns a list, empty for anything else */
export function listAt(value: unknown, ...way: Array<string | number>): unknown[] {
  const found = at(value, ...way)
  return Array.isArray(found) ? found : []
}
