/** Says which tools this machine has, to the peers that ask and in the record of this peer; a file of `tools.d` that changes is taken up. */
import { isDeepStrictEqual } from 'node:util'
import {
  type DescribedTool,
  describeToolsProtocol,
  type ToolDetail,
  type ToolsDescribed
} from '../../protocols/describe-tools.ts'
import { cutText } from '../../protocols/fields.ts'
import type { Availability } from '../../protocols/hello.ts'
import { BoundedMap } from '../bounded-map.ts'
import type { Log } from '../log.ts'
import type { Members } from '../mesh/membership/members.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import { availabilityOf, type Catalogue } from '../tools/catalogue.ts'
import type { Tool } from '../tools/tool.ts'
import { pause } from '../wait.ts'

/** Between two looks at `tools.d`, ms: a look is one call of the system for each file. */
const LOOK_MS = 10_000
/** The record of a peer has no more. */
const MAX_TOOLS = 128
/** Answers are given again for so long, ms, if no file of `tools.d` changed: a check starts programs. */
const FRESH_MS = 5_000

interface DescriptionsInit {
  catalogue: Pick<Catalogue, 'list' | 'stamp'>
  /** Says which of them the owner forbids. */
  limit(tools: Availability[]): Availability[]
  log: Log
}

interface DescriptionsComponents {
  streams: Pick<Streams, 'serve'>
  members: Pick<Members, 'self' | 'update'>
}

/** What this machine has, as it was found. */
type Found = Awaited<ReturnType<Catalogue['list']>>

export class ToolDescriptions extends Part<DescriptionsComponents, DescriptionsInit> {
  readonly #latest = new BoundedMap<string, { at: number; stamp: string; found: Promise<Found> }>(MAX_TOOLS)
  #stamp = ''

  async start(): Promise<void> {
    this.#stamp = await this.init.catalogue.stamp()
    await this.components.streams.serve(describeToolsProtocol, request => this.#answer(request))
    void this.#watch()
  }

  async *#answer({ tool: name }: { tool?: string | undefined }): AsyncGenerator<ToolsDescribed> {
    const { checked, damaged } = await this.#find(name)
    const availability = this.init.limit(checked.map(each => each.availability))
    yield {
      tools: checked.map(({ tool }, i) => described(tool, availability[i] as Availability, name != null)),
      damaged: damaged.map(({ tool, why }) => ({ tool, why: cutText(why) }))
    }
  }

  /** Whoever asks brings the record of this peer up to date. */
  async #find(name?: string): Promise<Found> {
    const stamp = await this.init.catalogue.stamp()
    const key = name ?? ''
    const latest = this.#latest.get(key)
    const at = performance.now()
    if (latest != null && latest.stamp === stamp && at - latest.at < FRESH_MS) return latest.found
    const found = this.init.catalogue.list({}, name)
    this.#latest.set(key, { at, stamp, found })
    this.#record(await found, name)
    return found
  }

  /** @param name the only tool that was looked at */
  #record(found: Found, name?: string): void {
    const { members } = this.components
    const now = this.init.limit(availabilityOf(found))
    const others = name == null ? [] : members.self.tools.filter(({ tool }) => tool !== name)
    const before = name == null ? members.self.tools : members.self.tools.filter(({ tool }) => tool === name)
    if (this.stopped.aborted || isDeepStrictEqual(plain(now), plain(before))) return
    const tools = [...others, ...now].slice(0, MAX_TOOLS)
    this.init.log.info('the tools of this machine are others now', { tools: tools.filter(each => each.usable).length })
    members.update({ tools })
  }

  async #watch(): Promise<void> {
    for (;;) {
      await pause(LOOK_MS, this.stopped)
      if (this.stopped.aborted) return
      const stamp = await this.init.catalogue.stamp()
      if (stamp === this.#stamp) continue
      this.#stamp = stamp
      await this.#find()
    }
  }
}

/** A record that another peer sent has no keys without a value. */
const plain = (tools: Availability[]) => JSON.parse(JSON.stringify(tools))

const described = (tool: Tool, availability: Availability, isDetailed: boolean): DescribedTool => ({
  ...availability,
  summary: cutText(tool.summary),
  ...(tool.isOwners ? { owners: true } : {}),
  ...(isDetailed ? { detail: detailOf(tool) } : {})
})

const detailOf = (tool: Tool): ToolDetail => ({
  lifetime: tool.lifetime,
  either: tool.eitherLifetime,
  needs: tool.needs,
  settings: tool.settings.map(({ name, type, default: usual, required, summary }) => ({
    ...{ name, type, default: usual, required, summary }
  })),
  no_words: tool.noWords,
  stop: tool.stop,
  on_end: tool.onEnd,
  files: tool.files.filter(({ name }, i) => tool.files.findIndex(each => each.name === name) === i)
})
