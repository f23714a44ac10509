/** Asks a peer which tools it has, what each needs and leaves, and whether it can run there now: for `bak tools`. */
import * as v from 'valibot'
import { list, name, text } from './fields.ts'
import { availability } from './hello.ts'
import { lifetime, onEnd } from './on-end.ts'
import type { Protocol } from './stream.ts'

const setting = v.object({
  name: text,
  type: v.picklist(['string', 'number', 'boolean']),
  default: v.optional(v.union([v.pipe(v.string(), v.maxLength(1024)), v.number(), v.boolean()])),
  required: v.optional(v.boolean()),
  summary: text
})

const detail = v.object({
  lifetime,
  /** A run may choose the other lifetime. */
  either: v.optional(v.boolean()),
  needs: v.object({
    program: v.optional(text),
    debian: v.optional(text),
    fedora: v.optional(text),
    privilege: v.optional(text)
  }),
  settings: list(setting, 64),
  /** Why it takes no other words than its settings. */
  no_words: v.optional(text),
  stop: text,
  on_end: v.optional(onEnd),
  files: list(v.object({ name: text, what: text }), 128)
})
export type ToolDetail = v.InferOutput<typeof detail>

const describedTool = v.object({
  ...availability.entries,
  summary: text,
  /** Its owner put it into `tools.d`. */
  owners: v.optional(v.boolean()),
  /** Only of a tool that was asked for by name. */
  detail: v.optional(detail)
})
export type DescribedTool = v.InferOutput<typeof describedTool>

export const toolsDescribed = v.object({
  tools: list(describedTool, 256),
  /** Files of `tools.d` that are no tools, and why. */
  damaged: list(v.object({ tool: v.optional(name), why: text }), 128)
})
export type ToolsDescribed = v.InferOutput<typeof toolsDescribed>

export const describeToolsProtocol: Protocol<{ tool?: string | undefined }, ToolsDescribed> = {
  id: '/bak/describe-tools/1.0.0',
  request: v.object({ tool: v.optional(name) }),
  response: toolsDescribed,
  timeout: 15_000,
  maxFrame: 1024 * 1024
}
