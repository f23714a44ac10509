/**
 * Finds the line of each key and each element in a TOML text, which smol-toml does not report. Expects a text that a parser
 * has accepted, so it only has to find where keys and elements begin.
 */

export type Path = (string | number)[]

/** @returns a function from the path of a value to its line, 1 .. n; the line of the nearest parent if it has none */
export function findLines(text: string): (path: Path) => number {
  const scanner = new Scanner(text)
  scanner.scan()
  return path => {
    for (let length = path.length; length > 0; length--) {
      const line = scanner.lines.get(JSON.stringify(path.slice(0, length)))
      if (line != null) return line
    }
    return 1
  }
}

class Scanner {
  readonly lines = new Map<string, number>()
  readonly #text: string
  /** Number of tables in each array of tables so far. */
  readonly #lengths = new Map<string, number>()
  #at = 0
  #line = 1

  constructor(text: string) {
    this.#text = text
  }

  scan(): void {
    let table: Path = []
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#text[this.#at] === '[') table = this.#header()
      else this.#pair(table)
    }
  }

  /** `[a.b]` or `[[a.b]]`, where a part that is an array of tables stands for the last table in it. */
  #header(): Path {
    const line = this.#line
    const isArray = this.#text.startsWith('[[', this.#at)
    this.#at += isArray ? 2 : 1
    const path: Path = []
    const keys = this.#keys()
    for (const [i, key] of keys.entries()) {
      path.push(key)
      const id = JSON.stringify(path)
      if (isArray && i === keys.length - 1) this.#lengths.set(id, (this.#lengths.get(id) ?? 0) + 1)
      this.#note(path, line)
      if (this.#lengths.has(id)) path.push((this.#lengths.get(id) as number) - 1)
    }
    this.#note(path, line)
    this.#at += isArray ? 2 : 1
    return path
  }

  #pair(table: Path): void {
    const path = [...table]
    for (const key of this.#keys()) {
      path.push(key)
      this.#note(path, this.#line)
    }
    this.#at++ // the equals sign
    this.#skipBlank()
    this.#value(path)
  }

  #value(path: Path): void {
    const first = this.#text[this.#at]
    if (first === '"' || first === "'") this.#string()
    else if (first === '[') this.#elements(']', i => this.#element([...path, i]))
    else if (first === '{') this.#elements('}', () => this.#pair(path))
    else while (this.#at < this.#text.length && !/[,\]}#\n]/.test(this.#text[this.#at] as string)) this.#at++
  }

  #element(path: Path): void {
    this.#note(path, this.#line)
    this.#value(path)
  }

  #elements(end: string, read: (i: number) => void): void {
    this.#at++
    for (let i = 0; ; i++) {
      this.#skipBlank()
      if (this.#text[this.#at] === end || this.#at >= this.#text.length) break
      read(i)
    }
    this.#at++
  }

  /** A dotted key, up to the character after it. */
  #keys(): string[] {
    const keys: string[] = []
    do {
      if (keys.length > 0) this.#at++
      this.#skipBlank()
      keys.push(this.#key())
      this.#skipBlank()
    } while (this.#text[this.#at] === '.')
    return keys
  }

  #key(): string {
    const first = this.#text[this.#at]
    if (first === '"') return JSON.parse(this.#string())
    if (first === "'") return this.#string().slice(1, -1)
    const from = this.#at
    while (/[\w-]/.test(this.#text[this.#at] ?? '')) this.#at++
    // advance in any case, so that the scan ends for any text
    if (this.#at === from) this.#at++
    return this.#text.slice(from, this.#at)
  }

  /** @returns the string with its quotes */
  #string(): string {
    const from = this.#at
    const quote = this.#text[from] as string
    const fence = this.#text.startsWith(quote.repeat(3), from) ? quote.repeat(3) : quote
    this.#at += fence.length
    while (this.#at < this.#text.length && !this.#text.startsWith(fence, this.#at)) {
      if (quote === '"' && this.#text[this.#at] === '\\') this.#step()
      this.#step()
    }
    this.#at += fence.length
    // """"quoted"""" ends with up to two quotes of its own
    while (fence.length === 3 && this.#text[this.#at] === quote) this.#at++
    return this.#text.slice(from, this.#at)
  }

  /** Space, line ends, comments and the commas between elements. */
  #skipBlank(): void {
    while (this.#at < this.#text.length && /[\s,#]/.test(this.#text[this.#at] as string)) {
      if (this.#text[this.#at] === '#') while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++
      else this.#step()
    }
  }

  #step(): void {
    if (this.#text[this.#at] === '\n') this.#line++
    this.#at++
  }

  #note(path: Path, line: number): void {
    const id = JSON.stringify(path)
    if (!this.lines.has(id)) this.lines.set(id, line)
  }
}
