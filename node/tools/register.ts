/**
 * The tools that were registered on this peer, for which group and with which options; kept in the home and told to the
 * mesh, so that any peer can start a run with them. A controller may ask to register, and so may the owner of this machine.
 */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { BakError } from '../../protocols/errors.ts'
import { list } from '../../protocols/fields.ts'
import { type Availability, type Registration, registerProtocol, registration } from '../../protocols/hello.ts'
import { expandTools } from '../../protocols/spec.ts'
import type { Allowance } from '../agent/allowance.ts'
import type { Members } from '../mesh/membership/members.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { writeAtomic } from '../store/atomic.ts'
import { findTool, listTools } from './index.ts'

const MAX_REGISTERED = 128
const file = list(registration, MAX_REGISTERED)

export interface Change {
  group: string
  add: Array<{ tool: string; options: string[] }>
  remove?: string[]
}

export interface RegisterComponents {
  members: Members
  streams: Streams
  authority: Roles
  allowance: Allowance
}

export class Register {
  readonly #path: string
  #registered: Registration[]
  #components: RegisterComponents | undefined

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

  serve(components: RegisterComponents): this {
    this.#components = components
    return this
  }

  async start(): Promise<void> {
    const change = (request: Change, peer: string) => this.#changeFor(peer, request)
    await this.#components?.streams.serve(registerProtocol, async function* (request, { peer }) {
      yield await change(request, peer)
    })
  }

  async stop(): Promise<void> {
    await this.#components?.streams.unserve(registerProtocol)
  }

  list(): Registration[] {
    return this.#registered
  }

  /** @returns what can be observed on this machine with the tools that need no further word */
  availability(): Promise<Availability[]> {
    return Promise.all(listTools().map(tool => tool.check({})))
  }

  /** @throws {BakError} `not-allowed` if the peer's role, or the owner of this machine, does not let it; as `change` does */
  async #changeFor(peer: string, change: Change) {
    const { members, authority, allowance } = this.#components as RegisterComponents
    if (peer !== members.self.peer) checkPermission(authority, peer, 'register')
    const asked = change.add.flatMap(({ tool, options }) => expandTools([tool]).map(name => ({ tool: name, options })))
    await allowance.check(
      peer,
      asked.map(({ tool, options }) => ({ group: change.group, tool, options: { options } }))
    )
    return this.change(change)
  }

  /** @throws {BakError} `usage` for a tool that does not exist */
  async change({ group, add, remove }: Change): Promise<{ registered: Registration[]; tools: Availability[] }> {
    const names = add.flatMap(({ tool, options }) => expandTools([tool]).map(name => ({ tool: name, options })))
    const tools = await Promise.all(names.map(({ tool }) => findTool(tool, {}).check({})))
    const gone = new Set([...(remove ?? []), ...names.map(({ tool }) => tool)])
    const clear = add.length === 0 && (remove == null || remove.length === 0)
    const kept = this.#registered.filter(each => each.group !== group || !(clear || gone.has(each.tool)))
    const registered = [...kept, ...names.map(each => ({ group, ...each }))]
    if (registered.length > MAX_REGISTERED) throw new BakError('usage', `more than ${MAX_REGISTERED} tools on one peer`)
    await writeAtomic(this.#path, `${JSON.stringify(registered, null, 2)}\n`, { mode: 0o600 })
    this.#registered = registered
    this.#components?.members.update({ registered })
    return { registered, tools }
  }
}
