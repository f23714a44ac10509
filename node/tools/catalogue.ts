/** The tools that a machine has: those of bak, and those that its owner put into `tools.d`, which is read again each time. */
import { BakError } from '../../protocols/errors.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { findTool, isBuiltIn, lifetimeOf, listTools } from './index.ts'
import { type DamagedTool, type OwnerTools, readOwnerTools, stampOf } from './owner-files.ts'
import { ignoredBy, settingsOf } from './settings-of.ts'
import { type CheckHow, MAX_REASON, type Tool, unusable } from './tool.ts'

/** A tool, and whether this machine can run it without options. */
export interface Checked {
  tool: Tool
  availability: Availability
}

interface Found {
  checked: Checked[]
  damaged: DamagedTool[]
}

/** The record of a peer has room for no more. */
const MAX_RECORDED = 128

export class Catalogue {
  readonly #folder: string
  readonly #onDamaged: (damaged: DamagedTool) => void
  #known = ''

  /** @param onDamaged called once for each mistake, when it is found */
  constructor(folder: string, onDamaged: (damaged: DamagedTool) => void = () => {}) {
    this.#folder = folder
    this.#onDamaged = onDamaged
  }

  /**
   * @param how quick when a daemon starts
   * @param name only this tool
   * @returns every tool with what this machine can do with it, and the files that are none. Never rejects.
   */
  async list(how: CheckHow = {}, name?: string): Promise<Found> {
    const { tools, damaged } = await this.#read()
    const isAsked = (each?: string) => name == null || each === name
    const asked = [...listTools(), ...tools].filter(tool => isAsked(tool.name))
    const checked = await Promise.all(
      asked.map(async tool => ({ tool, availability: await withoutOptions(tool, how) }))
    )
    return { checked, damaged: damaged.filter(({ tool }) => isAsked(tool)) }
  }

  /** @returns another text once a file of `tools.d` has changed, come or gone. Never rejects. */
  stamp(): Promise<string> {
    return stampOf(this.#folder)
  }

  /** @throws {BakError} `usage` for a name that is unknown here and has no `command` in its options; `bad-config` for a file that is damaged */
  async find(name: string, options: ToolOptions): Promise<Tool> {
    if (options.command != null || isBuiltIn(name)) return findTool(name, options)
    const { tools, damaged } = await this.#read()
    const tool = tools.find(each => each.name === name)
    if (tool != null) return tool
    const broken = damaged.find(each => each.tool === name)
    if (broken != null) throw new BakError('bad-config', broken.why)
    return findTool(name, options)
  }

  /** @returns whether this machine can run the tool with these options @throws {BakError} as `find` does; `usage` for options that it does not have */
  async check(name: string, options: ToolOptions): Promise<Availability> {
    const tool = await this.find(name, options)
    settingsOf(tool, options)
    const found = await tool.check(options)
    const remarks = found.usable ? ignoredBy(tool, options) : []
    const said = found.reason == null ? [] : [found.reason]
    const reason =
      remarks.length === 0 ? found.reason : [...said, ...remarks.map(each => `${name}: ${each}`)].join('; ')
    return { ...found, reason: reason?.slice(0, MAX_REASON), ...mannerOf(tool, options) }
  }

  async #read(): Promise<OwnerTools> {
    const found = await readOwnerTools(this.#folder, isBuiltIn)
    const known = found.damaged.map(({ why }) => why).join('\n')
    if (known !== this.#known) for (const each of found.damaged) this.#onDamaged(each)
    this.#known = known
    return found
  }
}

/** @returns how long it runs with these options, and what it says itself of its end */
export const mannerOf = (tool: Tool, options: ToolOptions): Pick<Availability, 'lifetime' | 'onEnd'> => ({
  ...(lifetimeOf(tool, options) === 'persistent' ? { lifetime: 'persistent' } : {}),
  ...(tool.onEnd == null ? {} : { onEnd: tool.onEnd })
})

/** @returns for each tool whether this machine can run it without options; also for a file that is damaged */
export const availabilityOf = ({ checked, damaged }: Found): Availability[] =>
  [
    ...checked.map(each => each.availability),
    ...damaged.flatMap(({ tool, why }) => (tool == null ? [] : [unusable(tool, why)]))
  ].slice(0, MAX_RECORDED)

async function withoutOptions(tool: Tool, how: CheckHow): Promise<Availability> {
  try {
    return await tool.check({}, how)
  } catch (cause) {
    return unusable(tool.name, (cause as Error).message)
  }
}
