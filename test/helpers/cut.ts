/** Cuts a testnet on loopback into parts that do not reach each other, and heals it; without root, by a preload of its daemons. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Testnet } from '../../testnets/testnet.ts'
import { fixture } from './workspace.ts'

export class Cut {
  readonly #folder = mkdtempSync(join(tmpdir(), 'bak-cut-'))
  readonly #file = join(this.#folder, 'cut.json')

  constructor() {
    this.#write({})
  }

  /** What the daemons of the testnet need in their environment. */
  get env(): Record<string, string> {
    return { NODE_OPTIONS: `--import ${pathToFileURL(fixture('cut.mjs'))}`, BAK_TEST_CUT: this.#file }
  }

  /** From now on no peer of one part reaches a peer of another. */
  async apart(testnet: Testnet, parts: string[][]): Promise<void> {
    const ports = new Map<string, number[]>()
    for (const name of parts.flat()) ports.set(name, await portsOf(testnet, name))
    const others = (part: string[]) => parts.filter(each => each !== part).flat()
    const cut = parts.flatMap(part =>
      part.map(name => [name, others(part).flatMap(other => ports.get(other) ?? [])] as const)
    )
    this.#write(Object.fromEntries(cut))
  }

  heal(): void {
    this.#write({})
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }

  #write(cut: Record<string, readonly number[]>): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(cut))
    renameSync(`${this.#file}.new`, this.#file)
  }
}

async function portsOf(testnet: Testnet, name: string): Promise<number[]> {
  for await (const { addresses } of testnet.call(name, 'status', {})) {
    return addresses.map(address => Number(/\/tcp\/(\d+)/.exec(address)?.[1]))
  }
  return []
}
