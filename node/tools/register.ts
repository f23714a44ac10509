/**
 * The tools that are registered on this peer: for which group and with which options. They are stored in the home and
 * announced to the mesh, so that any peer can start a run with them. A controller may register tools, and so may the owner of
 * this machine.
 */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { BakError } from '../../protocols/errors.ts'
import { list } from '../../protocols/fields.ts'
import { type Availability, type Registration, registerProtocol, registration } from '../../protocols/hello.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import { expandTools } from '../../protocols/spec.ts'
import type { Handler, Protocol } from '../../protocols/stream.ts'
import { writeAtomic } from '../store/atomic.ts'
import { checkTool, listTools } from './index.ts'

const MAX_REGISTERED = 128
const file = list(registration, MAX_REGISTERED)

interface Change {
  group: string
  /** A tool may be the name of a set of tools, such as `light`. */
  add: Array<Omit<Registration, 'group'>>
  /** Names of tools. A change that adds and removes nothing clears the group. */
  remove?: string[]
}

/** What serves protocols to other peers. */
interface ProtocolServer {
  serve<Q, A>(protocol: Protocol<Q, A>, handler: Handler<Q, A>): Promise<void>
}

interface RegisterInit {
  streams: ProtocolServer
  /** @throws {BakError} `not-allowed` if the peer's role or the owner of this machine forbids it these tools here */
  check(peer: string, tools: Assignment[]): Promise<void>
  /** Called after each change. */
  onChange(registered: Registration[]): void
}

export class Register {
  readonly #path: string
  #registered: Registration[]
  #init: RegisterInit | undefined

  constructor(path: string, registered: Registration[]) {
    this.#path = path
    this.#registered = registered
  }

  /** @throws {BakError} `bad-config` if the file is damaged */
  static async open(path: string): Promise<Register> {
    const content = await readFile(path, 'utf8').catch(() => '[]')
    try {
      return new Register(path, v.parse(file, JSON.parse(content)))
    } catch (cause) {
      throw new BakError('bad-config', `${path} is damaged: ${(cause as Error).message}`, { cause })
    }
  }

  serve(init: RegisterInit): this {
    this.#init = init
    return this
  }

  async start(): Promise<void> {
    const change = (request: Change, peer: string) => this.#change(request, peer)
    await this.#init?.streams.serve(registerProtocol, async function* (request, { peer }) {
      yield await change(request, peer)
    })
  }

  list(): Registration[] {
    return this.#registered
  }

  /** @returns for each built-in tool whether this machine can run it without options */
  availability(): Promise<Availability[]> {
    return Promise.all(listTools().map(tool => tool.check({})))
  }

  /**
   * @param peer that asks for the change
   * @throws {BakError} `not-allowed` as `check` does; `usage` for an unknown tool or too many of them
   */
  async #change({ group, add, remove = [] }: Change, peer: string) {
    const added = add.flatMap(({ tool, ...rest }) =>
      // a command makes a tool of its own of any name
      (rest.command == null ? expandTools([tool]) : [tool]).map(name => ({ group, tool: name, ...rest }))
    )
    const wanted = added.map(({ tool, options, command }) => ({
      ...{ group, tool },
      options: { options, ...(command == null ? {} : { command }) }
    }))
    await this.#init?.check(peer, wanted)
    const tools = await Promise.all(wanted.map(({ tool, options }) => checkTool(tool, options)))
    const replaced = new Set([...remove, ...added.map(({ tool }) => tool)])
    const kept = this.#registered.filter(
      each => each.group !== group || (replaced.size > 0 && !replaced.has(each.tool))
    )
    const registered = [...kept, ...added]
    if (registered.length > MAX_REGISTERED) throw new BakError('usage', `more than ${MAX_REGISTERED} tools on one peer`)
    await writeAtomic(this.#path, `${JSON.stringify(registered, null, 2)}\n`, { mode: 0o600 })
    this.#registered = registered
    this.#init?.onChange(registered)
    return { registered, tools }
  }
}
