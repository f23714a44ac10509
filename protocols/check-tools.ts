/** Asks a peer whether it can run these tools now, by the same checks as at `join`: for `bak check` and for the dry run. */
import * as v from 'valibot'
import { list, text } from './fields.ts'
import { type Availability, availability } from './hello.ts'
import { type Assignment, assignment } from './manifest.ts'
import type { Protocol } from './stream.ts'

export interface ToolsChecked {
  /** One for each tool, in their order. */
  tools: Availability[]
  /** Why the peer would not take part, whatever its tools are. */
  refused?: string | undefined
}

export const checkToolsProtocol: Protocol<{ tools: Assignment[] }, ToolsChecked> = {
  id: '/bak/check-tools/1.0.0',
  request: v.object({ tools: list(assignment, 256) }),
  response: v.object({ tools: list(availability, 256), refused: v.optional(text) }),
  timeout: 10_000,
  maxFrame: 1024 * 1024
}
