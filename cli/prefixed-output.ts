/** The output of several instances, line by line: who wrote it stands before each line. */
import { type InstanceName, nameOfInstance } from '../protocols/instances.ts'
import { parseResultPath, stepFolder } from '../protocols/layout.ts'
import { type OutputPortion, unwrapOutput } from '../protocols/output.ts'
import { cleanLine, painterOf, type Style, visibleOutput, writeTo } from './output.ts'

/** Of a line that waits for its end; a longer one is printed in pieces, each a line. */
const MAX_LINE_BYTES = 16 * 1024
/** Of all lines that wait. */
const MAX_HELD_BYTES = 16 * 1024 * 1024
/** Columns that names may take at most; a longer one is printed whole and moves its lines. */
const MAX_WIDTH = 32
const STYLES: Style[] = ['cyan', 'green', 'yellow', 'magenta', 'blue']
const NEWLINE = 10

interface Held {
  portion: OutputPortion
  bytes: Buffer
}

export class PrefixedOutput {
  #width: number
  readonly #hasSamples: boolean
  readonly #styles = new Map<string, Style>()
  /** By file. */
  readonly #held = new Map<string, Held>()
  #heldBytes = 0
  #sample = ''

  /** @param width characters of the longest name @param samples of the run: with several each begins with a line on stderr */
  constructor({ width, samples }: { width: number; samples: number }) {
    this.#width = Math.min(width, MAX_WIDTH)
    this.#hasSamples = samples > 1
  }

  /** Who writes may become known later. */
  widen(width: number): void {
    this.#width = Math.max(this.#width, Math.min(width, MAX_WIDTH))
  }

  async show(portion: OutputPortion): Promise<void> {
    const { path } = portion
    const before = this.#held.get(path)?.bytes
    const now = unwrapOutput(portion)
    const bytes = before == null ? now : Buffer.concat([before, now])
    const end = bytes.lastIndexOf(NEWLINE) + 1
    const rest = bytes.subarray(end)
    if (end > 0) await this.#print(portion, bytes.subarray(0, end))
    this.#hold(portion, before, rest)
    if (rest.length > MAX_LINE_BYTES) await this.#release(path)
    if (this.#heldBytes > MAX_HELD_BYTES) await this.finish()
  }

  /** Prints the lines that have no end yet. */
  async finish(): Promise<void> {
    for (const path of [...this.#held.keys()]) await this.#release(path)
  }

  #hold(portion: OutputPortion, before: Buffer | undefined, rest: Buffer): void {
    this.#heldBytes += rest.length - (before?.length ?? 0)
    if (rest.length === 0) this.#held.delete(portion.path)
    // a copy: the rest would keep the whole portion in memory
    else
      this.#held.set(portion.path, {
        portion: { ...portion, text: undefined, base64: undefined },
        bytes: Buffer.from(rest)
      })
  }

  async #release(path: string): Promise<void> {
    const held = this.#held.get(path)
    if (held == null) return
    this.#held.delete(path)
    this.#heldBytes -= held.bytes.length
    await this.#print(held.portion, held.bytes)
  }

  async #print(portion: OutputPortion, bytes: Buffer): Promise<void> {
    await this.#begin(portion)
    const stream = process[portion.stream]
    const prefix = this.#prefixOf(portion, stream)
    if (stream.isTTY) {
      const lines = visibleOutput({ base64: bytes.toString('base64') })
        .replace(/\n$/, '')
        .split('\n')
      return writeTo(stream, lines.map(line => `${prefix}${line}\n`).join(''))
    }
    const pieces: Buffer[] = []
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(NEWLINE, from) + 1 || bytes.length
      pieces.push(Buffer.from(prefix), bytes.subarray(from, end))
      from = end
    }
    if (bytes.at(-1) !== NEWLINE) pieces.push(Buffer.from('\n'))
    await writeTo(stream, Buffer.concat(pieces))
  }

  /** Says which sample the next lines are of. */
  async #begin({ path }: OutputPortion): Promise<void> {
    const parsed = this.#hasSamples ? parseResultPath(path) : undefined
    if (parsed?.kind !== 'workload') return
    const sample = stepFolder(parsed.step)
    if (sample === this.#sample) return
    this.#sample = sample
    await writeTo(process.stderr, `${painterOf(process.stderr)('bold', `== ${sample}`)}\n`)
  }

  #prefixOf(name: InstanceName, stream: NodeJS.WriteStream): string {
    const style = this.#styles.get(name.member) ?? (STYLES[this.#styles.size % STYLES.length] as Style)
    this.#styles.set(name.member, style)
    const text = `${cleanLine(nameOfInstance(name)).padEnd(this.#width)} | `
    return painterOf(stream)(style, text)
  }
}
