/** What all parts of a bench share: the built programs, a folder, one mesh at a time; and that nothing is left of them. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../bundle.ts'
import { DRIVER, Mesh } from './mesh.ts'
import type { Options } from './options.ts'
import { digest, type Profiled, SAMPLE_US } from './profile.ts'

export class Bench {
  readonly options: Options
  /** On a disk, and gone at the end. */
  readonly folder: string
  readonly #profiles: string | undefined
  readonly #ends: Array<() => Promise<void>> = []
  #mesh: Mesh | undefined
  #count = 0

  private constructor(options: Options, folder: string) {
    this.options = options
    this.folder = folder
    if (options.profile) this.#profiles = join(folder, 'profiles')
  }

  /** Builds what ships; a profile is of the sources, where each function has its file. */
  static open(options: Options): Bench {
    const folder = mkdtempSync(join(tmpdir(), 'bak-bench-'))
    // programs of runs are another user's, and read files in it
    chmodSync(folder, 0o711)
    const bench = new Bench(options, folder)
    process.once('exit', () => rmSync(bench.folder, { recursive: true, force: true, maxRetries: 3 }))
    if (options.profile) {
      delete process.env.BAK_DIST
    } else {
      process.env.BAK_DIST = join(bench.folder, 'dist')
      execFileSync(process.execPath, [join(root, 'scripts/build.ts'), process.env.BAK_DIST], { stdio: 'inherit' })
    }
    return bench
  }

  /** @returns the mesh that is there if it has no more members, grown to that many, or a new one */
  async mesh(members: number, { lends = false }: { lends?: boolean } = {}): Promise<Mesh> {
    if (this.#mesh != null && this.#mesh.members > members) await this.noMesh()
    if (this.#mesh == null)
      this.#mesh = await Mesh.start(members, await this.scratch('mesh'), { env: this.#env, lends })
    else await this.#mesh.grow(members)
    return this.#mesh
  }

  /** The mesh that another part has left; none that was not started yet. */
  get there(): Mesh | undefined {
    return this.#mesh
  }

  /** For parts that want the machine for themselves. */
  async noMesh(): Promise<void> {
    const mesh = this.#mesh
    this.#mesh = undefined
    await mesh?.stop()
    if (mesh != null) await rm(mesh.testnet.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** @returns where the daemons' processor time went since they began; they write that down when they end */
  async profile(): Promise<Profiled[]> {
    const mesh = this.#mesh
    if (this.#profiles == null || mesh == null) return []
    const { looked } = mesh
    const driver = mesh.pidOf(DRIVER)
    await this.noMesh()
    const profiled = await digest({ folder: this.#profiles, driver, looked })
    await rm(this.#profiles, { recursive: true, force: true })
    return profiled
  }

  get #env(): Record<string, string> {
    return this.#profiles == null
      ? {}
      : { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=${SAMPLE_US} --cpu-prof-dir=${this.#profiles}` }
  }

  /** @returns a new empty folder */
  async scratch(name: string): Promise<string> {
    const path = join(this.folder, `${name}-${++this.#count}`)
    await mkdir(path, { recursive: true })
    return path
  }

  /** Does something at the end of the part, whatever happened; the latest first. */
  after(end: () => Promise<void>): void {
    this.#ends.push(end)
  }

  /** What a part started is stopped. */
  async endPart(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end()
  }

  async close(): Promise<void> {
    await this.endPart()
    await this.noMesh()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
