/** Resource usage of this daemon: a snapshot, and the difference of two. */
import type { Cost } from '../../protocols/cost.ts'
import type { Traffic } from '../mesh/idle/traffic.ts'
import type { ToolRun } from './running-tools/tool-run.ts'

/** Sums since the process began; times in ms. */
export type UsageSnapshot = Omit<Cost, 'elapsed' | 'tools'> & { at: number }

export function usageNow(traffic: Pick<Traffic, 'total'>): UsageSnapshot {
  const { userCPUTime, systemCPUTime, voluntaryContextSwitches, involuntaryContextSwitches } = process.resourceUsage()
  return {
    at: performance.now(),
    user: userCPUTime / 1000,
    system: systemCPUTime / 1000,
    voluntary: voluntaryContextSwitches,
    involuntary: involuntaryContextSwitches,
    ...traffic.total
  }
}

/** @returns the process groups of the tools that are programs */
export const groupsOf = (tools: ToolRun[]): number[] =>
  tools.map(({ running }) => running?.group).filter(group => group != null)

/** @param tools their CPU time in between, ms */
export function between(before: UsageSnapshot, after: UsageSnapshot, tools: number): Cost {
  const difference = (key: keyof UsageSnapshot) => Math.max(0, after[key] - before[key])
  return {
    elapsed: difference('at'),
    user: difference('user'),
    system: difference('system'),
    tools,
    voluntary: difference('voluntary'),
    involuntary: difference('involuntary'),
    sent: difference('sent'),
    received: difference('received')
  }
}
