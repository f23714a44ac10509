/** Checks tools and workloads on this machine: when a member joins, and for a controller that asks before it starts a run. */
import { checkToolsProtocol, type ToolsChecked, type WorkloadsAsked } from '../../protocols/check-tools.ts'
import { asBakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import { DRIVER } from '../../protocols/tasks/task.ts'
import { Limit } from '../limit.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import { type Catalogue, mannerOf } from '../tools/catalogue.ts'
import { type Brought, broughtBy } from '../work/workloads/brought.ts'
import { whyNoBundle } from './bundles.ts'

interface Asked {
  tools: Assignment[]
  workloads?: WorkloadsAsked | undefined
}

export interface ToolCheckComponents {
  streams: Pick<Streams, 'serve'>
  authority: Roles
  members: { self: { name: string; state: string } }
  allowance: {
    check(peer: string, tools: Assignment[], workloads?: Brought[]): Promise<void>
    checkLoad(peer: string, origins: string[]): void
    whyAbsent(peer: string, brought: Brought[]): Promise<string | undefined>
  }
}

/** Tools at once, whoever asks: some are tried by a program that takes 100 MB, and a run may name 256. */
const MAX_CHECKED = 8
const checking = new Limit({ total: MAX_CHECKED })

/** @returns for each tool whether this machine can run it, with its options. Never rejects. */
export function checkAssignments(
  tools: Assignment[],
  catalogue: Pick<Catalogue, 'check' | 'find'>
): Promise<Availability[]> {
  return Promise.all(
    tools.map(async ({ tool, options }) => {
      try {
        if (options.bundle == null) return await checking.run('', () => catalogue.check(tool, options))
        const reason = whyNoBundle(tool, options.bundle)
        return { tool, usable: reason == null, reason, ...mannerOf(await catalogue.find(tool, options), options) }
      } catch (cause) {
        return { tool, usable: false, reason: asBakError(cause).message }
      }
    })
  )
}

export class ToolCheck extends Part<
  ToolCheckComponents,
  { self: string; catalogue: Pick<Catalogue, 'check' | 'find'> }
> {
  async start(): Promise<void> {
    await this.components.streams.serve(checkToolsProtocol, (asked, { peer }) => this.#answer(asked, peer))
  }

  async *#answer({ tools, workloads }: Asked, peer: string): AsyncGenerator<ToolsChecked> {
    yield await this.#check(tools, workloads, peer)
  }

  /** @throws {BakError} `not-allowed` if the peer's role does not let it start runs */
  async #check(tools: Assignment[], workloads: Asked['workloads'], peer: string): Promise<ToolsChecked> {
    const { authority, members } = this.components
    if (peer !== this.init.self) checkPermission(authority, peer, 'drive')
    const { name, state } = members.self
    const checked = await this.#checkEach(tools, peer)
    if (state === 'draining') return { tools: checked, refused: `${name} takes no new runs` }
    const brought = workloads == null ? [] : broughtIn(workloads)
    const refused = await this.#refusal(peer, tools, brought, workloads?.clients?.origins)
    return { tools: checked, refused: refused ?? (await this.components.allowance.whyAbsent(peer, brought)) }
  }

  /** A tool that the owner forbids is not usable; at `join` the member refuses the whole run for it. */
  async #checkEach(tools: Assignment[], peer: string): Promise<Availability[]> {
    const checked = await checkAssignments(tools, this.init.catalogue)
    const refusals = await Promise.all(tools.map(each => this.#refusal(peer, [each])))
    return checked.map((each, i) => {
      const why = refusals[i]
      return why == null ? each : { ...each, usable: false, reason: cutText(`${each.tool}: ${why}`) }
    })
  }

  async #refusal(
    peer: string,
    tools: Assignment[],
    workloads: Brought[] = [],
    origins: string[] = []
  ): Promise<string | undefined> {
    const { allowance } = this.components
    try {
      await allowance.check(peer, tools, workloads)
      if (origins.length > 0) allowance.checkLoad(peer, origins)
      return undefined
    } catch (cause) {
      return cutText(asBakError(cause).message)
    }
  }
}

const broughtIn = ({ placements, clients, ...asked }: WorkloadsAsked): Brought[] => [
  ...broughtBy(asked, placements),
  ...(clients == null ? [] : [{ name: DRIVER, env: {}, ...clients }])
]
