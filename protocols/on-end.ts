/** How long a tool runs, and what happens if it ends before it is stopped. */
import * as v from 'valibot'

/** It is named (`ignore`), named and started again (`restart`), its member takes no part any more (`exclude`), or the run fails (`fail`). */
export const onEnd = v.picklist(['ignore', 'restart', 'exclude', 'fail'])
export type OnEnd = v.InferOutput<typeof onEnd>

/** From `start` to `stop` of each sample, or from `init` to `end` of the run. */
export const lifetime = v.picklist(['transient', 'persistent'])
export type Lifetime = v.InferOutput<typeof lifetime>

/** @returns what the options say, else the tool itself, else the policy of the run */
export const onEndOf = (
  { on_end }: { on_end?: OnEnd | undefined },
  policy: { on_ended_tool: OnEnd },
  tool: { onEnd?: OnEnd | undefined } = {}
): OnEnd => on_end ?? tool.onEnd ?? policy.on_ended_tool

/** What ends because a tool has ended. */
export const ENDS = { ignore: undefined, restart: undefined, exclude: 'member', fail: 'run' } as const
