/** What is known of a run whose result went to a folder of this machine, or to a pbench server. */
import type { CallResponse } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { readRecord } from '../../protocols/record.ts'
import { type Moved, placeOf } from '../store/moved.ts'
import { RunFolder } from '../store/run-folder.ts'

/** A folder that can be read says all. @throws {BakError} `no-such-run` where nothing but the place is known */
export async function describeMoved(run: string, moved: Moved): Promise<CallResponse<'describe'>> {
  const place = placeOf(moved)
  const record = 'folder' in moved ? await readIn(moved.folder) : undefined
  if (record == null && moved.line == null)
    throw new BakError('no-such-run', `the result of ${run} was moved from here to ${place}`)
  const { line } = moved
  return {
    run,
    controller: record == null ? (line?.controller.peer as string) : readRecord(record).controller.peer,
    moved: place,
    line,
    ...(record != null &&
      'folder' in moved && { record, folder: moved.folder, tags: await new RunFolder(moved.folder).laterTags() }),
    certificates: []
  }
}

/** @returns undefined for what is no record of a run any more */
async function readIn(path: string): Promise<string | undefined> {
  try {
    const text = await new RunFolder(path).readRecordText()
    readRecord(text)
    return text
  } catch {
    return undefined
  }
}
