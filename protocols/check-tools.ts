/** Asks a peer whether it can run these tools and workloads now, by the same checks as at `join`: for `bak check` and for the dry run. */
import * as v from 'valibot'
import { list, text } from './fields.ts'
import { type Availability, availability } from './hello.ts'
import { type Assignment, assignment } from './manifest.ts'
import { iteration } from './spec.ts'
import { argv } from './spec-fields.ts'
import { MAX_STAGE_PATHS, stagePath } from './staged.ts'
import type { Protocol } from './stream.ts'
import { MAX_TARGETS } from './tasks/operation.ts'
import { MAX_TASKS } from './tasks/task.ts'
import { placement, workload } from './workload.ts'

export interface ToolsChecked {
  /** One for each tool, in their order. */
  tools: Availability[]
  /** Why the peer would not take part, whatever its tools are. */
  refused?: string | undefined
}

/** The workloads that a peer would run, with what they say of themselves; `iterations` add words to their commands. */
const workloadsAsked = v.object({
  workload: list(workload, 64),
  placements: list(placement, 64),
  stage: v.optional(list(stagePath, MAX_STAGE_PATHS)),
  iterations: list(iteration, 1000),
  /** It has clients of tasks: the programs that their operations bring, and where they send requests. */
  clients: v.optional(
    v.object({
      commands: list(argv, MAX_TASKS),
      isStaged: v.boolean(),
      origins: v.optional(list(text, MAX_TARGETS))
    })
  )
})
export type WorkloadsAsked = v.InferOutput<typeof workloadsAsked>

export const checkToolsProtocol: Protocol<
  { tools: Assignment[]; workloads?: WorkloadsAsked | undefined },
  ToolsChecked
> = {
  id: '/bak/check-tools/1.0.0',
  request: v.object({ tools: list(assignment, 256), workloads: v.optional(workloadsAsked) }),
  response: v.object({ tools: list(availability, 256), refused: v.optional(text) }),
  timeout: 10_000,
  maxFrame: 1024 * 1024
}
