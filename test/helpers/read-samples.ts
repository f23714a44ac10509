/** Reads a whole text by a reading of a tool. */
import { type Sample, sampleReader } from '../../node/tools/read-samples.ts'
import type { Reading } from '../../protocols/reading.ts'

interface Read {
  samples: Sample[]
  /** Lines that are no sample, and why: the first of them. */
  unread: Array<{ line: number; why: string }>
  /** How many lines are no sample. */
  missed: number
}

const MAX_UNREAD = 100

export function readSamples(reading: Reading, text: string): Read {
  const read: Read = { samples: [], unread: [], missed: 0 }
  const next = sampleReader(reading)
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const sample = next(line)
    if (sample == null) continue
    if (typeof sample !== 'string') read.samples.push(sample)
    else if (++read.missed <= MAX_UNREAD) read.unread.push({ line: i + 1, why: sample })
  }
  return read
}
