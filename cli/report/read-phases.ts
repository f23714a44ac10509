/** The certificates in the folder of a result, as far as they are there and can be read. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '../../protocols/codec.ts'
import { envelope, peek } from '../../protocols/envelope.ts'
import { CERTIFICATES_FOLDER, parseResultPath } from '../../protocols/layout.ts'
import { ackSubject, certificateSubject } from '../../protocols/phase.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import type { AnsweredPhase } from './spans.ts'

/** @returns the phases in their order, with their answers; signatures are the matter of `bak verify` */
export async function readPhases(folder: string): Promise<AnsweredPhase[]> {
  const names = (await readdir(join(folder, CERTIFICATES_FOLDER)).catch(() => [])).sort()
  const phases: AnsweredPhase[] = []
  for (const name of names) {
    const path = `${CERTIFICATES_FOLDER}/${name}`
    if (parseResultPath(path)?.kind !== 'certificate') continue
    try {
      const sealed = decode(envelope, new Uint8Array(await readPlain(join(folder, path))))
      const { acks, ...rest } = peek(certificateSubject, sealed)
      phases.push({ ...rest, acks: acks.map(each => ({ by: each.by, value: peek(ackSubject, each) })) })
    } catch {
      // a damaged one says nothing of times; bak verify names it
    }
  }
  return phases
}
