/** Puts all that a run needs from its first moment into its folder, or leaves none. */
import type { RunFolder } from '../store/run-folder.ts'
import { Driver } from './driver.ts'
import { RunEvents } from './events.ts'
import { RunContext } from './run-context.ts'
import type { RunOrder, RunParts } from './run-parts.ts'

/** @throws {BakError} `no-space`, or what else the disk has; without a record nobody would see that the folder is there */
export async function prepareRun(order: RunOrder, folder: RunFolder, parts: RunParts): Promise<Driver> {
  let events: RunEvents | undefined
  try {
    await folder.create(order.spec)
    events = await RunEvents.open(folder.journal, [], error =>
      parts.log.error('journal', { run: order.run, why: error.message })
    )
    const driver = new Driver(new RunContext({ order, folder, events, parts }))
    await folder.writeRecord(driver.run.record)
    return driver
  } catch (cause) {
    await events?.close().catch(() => {})
    await folder.remove().catch(() => {})
    throw cause
  }
}
