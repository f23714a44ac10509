/** Every hook of a run, in the order in which they are called. */
import { clockDrift } from './clock-drift.ts'
import { collectors } from './collectors.ts'
import { earlyStop } from './early-stop.ts'
import { gauges } from './gauges.ts'
import type { RunHook } from './hook.ts'
import { jobs } from './jobs.ts'
import { lastTransfers } from './last-transfers.ts'
import { machines } from './machines.ts'
import { memberPaths } from './member-paths.ts'
import { metadata } from './metadata.ts'
import { missingFiles } from './missing-files.ts'
import { missingParts } from './missing-parts.ts'
import { missingResults } from './missing-results.ts'
import { observationCost } from './observation-cost.ts'
import { proofs } from './proofs.ts'
import { staging } from './staging.ts'
import { startSkew } from './start-skew.ts'
import { taskOrder } from './task-order.ts'
import { tasks } from './tasks.ts'
import { thresholds } from './thresholds.ts'
import { triggers } from './triggers.ts'
import { workload } from './workload.ts'
import { workloadCalls } from './workload-calls.ts'
import { workloads } from './workloads.ts'

/** @returns hooks for one run: some keep state */
export const runHooks = (): RunHook[] => [
  lastTransfers,
  staging,
  startSkew,
  workloadCalls(),
  workload(),
  workloads(),
  tasks(),
  taskOrder(),
  jobs(),
  earlyStop(),
  missingResults,
  triggers(),
  missingParts,
  thresholds,
  collectors(),
  observationCost,
  clockDrift,
  machines,
  gauges(),
  memberPaths,
  missingFiles,
  proofs(),
  metadata
]
