/**
 * How much of the log of a job is kept: counted alike on its member, in the records of that and in the result, so that whoever has it from there has
 * all that the member kept.
 */
import type { LogLine } from './job-stream.ts'

/** Of the lines of one log. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024

/** @returns a line as it is in a result: its bytes are what counts */
export const lineText = (line: LogLine): string => `${JSON.stringify(line)}\n`
