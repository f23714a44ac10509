/**
 * What is registered on this peer: tools for groups, with their options, and the triggers of groups. It is stored in the home and announced to
 * the mesh, so that any peer can start a run with it. A controller may register tools, and so may the owner of this machine.
 */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { BakError } from '../../protocols/errors.ts'
import { list } from '../../protocols/fields.ts'
import {
  type Registered,
  type RegisterRequest,
  type Registration,
  registerProtocol,
  registration
} from '../../protocols/hello.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import type { Handler, Protocol } from '../../protocols/stream.ts'
import { type GroupTrigger, groupTriggers, MAX_TRIGGERS } from '../../protocols/trigger.ts'
import { InTurn } from '../in-turn.ts'
import { writeAtomic } from '../store/atomic.ts'
import type { Catalogue } from './catalogue.ts'
import { registrable } from './registrable.ts'

const MAX_REGISTERED = 128
const tools = list(registration, MAX_REGISTERED)
/** Before there were triggers the file was the list of tools. */
const file = v.union([v.object({ tools, triggers: groupTriggers }), tools])

export interface RegisteredHere {
  registered: Registration[]
  triggers: GroupTrigger[]
}

/** What serves protocols to other peers. */
interface ProtocolServer {
  serve<Q, A>(protocol: Protocol<Q, A>, handler: Handler<Q, A>): Promise<void>
}

interface RegisterInit {
  streams: ProtocolServer
  catalogue: Pick<Catalogue, 'check'>
  /** @throws {BakError} `not-allowed` if the peer's role or the owner of this machine forbids it these tools here */
  check(peer: string, tools: Assignment[]): Promise<void>
  /** Called after each change. */
  onChange(registered: RegisteredHere): void
}

export class Register {
  readonly #path: string
  #here: RegisteredHere
  #init: RegisterInit | undefined
  readonly #turn = new InTurn()

  constructor(path: string, here: RegisteredHere) {
    this.#path = path
    this.#here = here
  }

  /** @throws {BakError} `bad-config` if the file is damaged */
  static async open(path: string): Promise<Register> {
    const content = await readFile(path, 'utf8').catch(() => '[]')
    try {
      const read = v.parse(file, JSON.parse(content))
      if (Array.isArray(read)) return new Register(path, { registered: read, triggers: [] })
      return new Register(path, { registered: read.tools, triggers: read.triggers })
    } catch (cause) {
      throw new BakError('bad-config', `${path} is damaged: ${(cause as Error).message}`, { cause })
    }
  }

  serve(init: RegisterInit): this {
    this.#init = init
    return this
  }

  async start(): Promise<void> {
    const change = (request: RegisterRequest, peer: string) => this.#change(request, peer)
    await this.#init?.streams.serve(registerProtocol, async function* (request, { peer }) {
      yield await change(request, peer)
    })
  }

  list(): Registration[] {
    return this.#here.registered
  }

  triggers(): GroupTrigger[] {
    return this.#here.triggers
  }

  /**
   * @param peer that asks for the change
   * @throws {BakError} `not-allowed` as `check` does; `usage` for an unknown tool, wrong options or too many of them
   */
  async #change(request: RegisterRequest, peer: string): Promise<Registered> {
    const { group, add, force } = request
    const check = (tools: Assignment[]) => this.#init?.check(peer, tools)
    const { catalogue } = this.#init as RegisterInit
    const { added, tools } = await registrable(add, { group, force, check, catalogue })
    // where nothing that was asked for can run here all stays as it is
    if (add.length > 0 && added.length === 0) return { ...this.#here, tools }
    // of what the change before has left: two peers may ask at once
    return this.#turn.run(async () => ({ ...(await this.#store(changed(this.#here, request, added))), tools }))
  }

  /** @throws {BakError} `usage` for too many of them: nothing has changed then */
  async #store(here: RegisteredHere): Promise<RegisteredHere> {
    if (here.registered.length > MAX_REGISTERED)
      throw new BakError('usage', `more than ${MAX_REGISTERED} tools on one peer`)
    if (here.triggers.length > MAX_TRIGGERS)
      throw new BakError('usage', `more than ${MAX_TRIGGERS} groups with a trigger on one peer`)
    const content = { tools: here.registered, triggers: here.triggers }
    await writeAtomic(this.#path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    this.#here = here
    this.#init?.onChange(here)
    return here
  }
}

/** Pure. A label is that of the peer in the group: the latest counts for all tools of it. */
function changed(
  { registered, triggers }: RegisteredHere,
  { group, remove = [], trigger, dropTrigger }: RegisterRequest,
  added: Registration[]
): RegisteredHere {
  const replaced = new Set([...remove, ...added.map(({ tool }) => tool)])
  const clears = replaced.size === 0 && trigger == null && !dropTrigger
  const others = registered.filter(each => each.group !== group)
  const kept = clears ? [] : registered.filter(each => each.group === group && !replaced.has(each.tool))
  const label = added.findLast(each => each.label != null)?.label ?? kept.find(each => each.label != null)?.label
  const mine = [...kept, ...added].map(each => (label == null ? each : { ...each, label }))
  const changesTrigger = clears || trigger != null || dropTrigger
  return {
    registered: [...others, ...mine],
    triggers: [
      ...triggers.filter(each => each.group !== group || !changesTrigger),
      ...(trigger == null ? [] : [{ group, ...trigger }])
    ]
  }
}
