/** Stops tools that run, and gathers what each says. */
import type { Missing } from '../../../protocols/shortfall.ts'
import type { StartedTool } from '../member-state.ts'

export interface StoppedTools {
  missing: Missing[]
  warnings: string[]
}

/** @returns what each tool did not measure as it was asked to, and what is odd */
export async function stopStarted(started: StartedTool[]): Promise<StoppedTools> {
  const stopped = await Promise.all(
    started.map(async ({ tool, running }) => {
      const missing = (await running.stop()).map((reason): Missing => ({ kind: 'tool', what: tool, reason }))
      return { missing, warnings: (running.remarks ?? []).map(remark => `${tool}: ${remark}`) }
    })
  )
  return {
    missing: stopped.flatMap(each => each.missing),
    warnings: stopped.flatMap(each => each.warnings)
  }
}
