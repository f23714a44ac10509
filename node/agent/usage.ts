/** What this daemon has cost so far, and what that is between two looks. */
import type { Cost } from '../../protocols/cost.ts'
import type { Traffic } from '../mesh/idle/traffic.ts'
import { processorTimeOf } from '../processes/process-group.ts'

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

/** @param groups of the programs that are tools */
export function between(before: UsageSnapshot, after: UsageSnapshot, groups: number[]): Cost {
  const grown = (key: keyof UsageSnapshot) => Math.max(0, after[key] - before[key])
  return {
    elapsed: grown('at'),
    user: grown('user'),
    system: grown('system'),
    tools: processorTimeOf(groups),
    voluntary: grown('voluntary'),
    involuntary: grown('involuntary'),
    sent: grown('sent'),
    received: grown('received')
  }
}
