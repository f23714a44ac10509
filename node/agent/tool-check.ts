/** Checks tools on this machine: when a member joins, and for a controller that asks before it starts a run. */
import { checkToolsProtocol, type ToolsChecked } from '../../protocols/check-tools.ts'
import { asBakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import { findTool } from '../tools/index.ts'
import { whyNoBundle } from './bundles.ts'

export interface ToolCheckComponents {
  streams: Pick<Streams, 'serve'>
  authority: Roles
  members: { self: { name: string; state: string } }
  allowance: { check(peer: string, tools: Assignment[]): Promise<void> }
}

/** @returns for each tool whether this machine can run it, with its options. Never rejects. */
export function checkAssignments(tools: Assignment[]): Promise<Availability[]> {
  return Promise.all(
    tools.map(async ({ tool, options }) => {
      try {
        if (options.bundle == null) return await findTool(tool, options).check(options)
        const reason = whyNoBundle(tool, options.bundle)
        return { tool, usable: reason == null, reason }
      } catch (cause) {
        return { tool, usable: false, reason: asBakError(cause).message }
      }
    })
  )
}

export class ToolCheck extends Part<ToolCheckComponents, { self: string }> {
  async start(): Promise<void> {
    const check = (tools: Assignment[], peer: string) => this.#check(tools, peer)
    await this.components.streams.serve(checkToolsProtocol, async function* ({ tools }, { peer }) {
      yield await check(tools, peer)
    })
  }

  /** @throws {BakError} `not-allowed` if the peer's role does not let it start runs */
  async #check(tools: Assignment[], peer: string): Promise<ToolsChecked> {
    const { authority, members } = this.components
    if (peer !== this.init.self) checkPermission(authority, peer, 'drive')
    const { name, state } = members.self
    const checked = await this.#checkEach(tools, peer)
    if (state === 'draining') return { tools: checked, refused: `${name} takes no new runs` }
    return { tools: checked, refused: await this.#refusal(peer, tools) }
  }

  /** A tool that the owner forbids is not usable; at `join` the member refuses the whole run for it. */
  async #checkEach(tools: Assignment[], peer: string): Promise<Availability[]> {
    const checked = await checkAssignments(tools)
    const refusals = await Promise.all(tools.map(each => this.#refusal(peer, [each])))
    return checked.map((each, i) => {
      const why = refusals[i]
      return why == null ? each : { ...each, usable: false, reason: cutText(`${each.tool}: ${why}`) }
    })
  }

  #refusal(peer: string, tools: Assignment[]): Promise<string | undefined> {
    return this.components.allowance.check(peer, tools).then(
      () => undefined,
      cause => cutText(asBakError(cause).message)
    )
  }
}
