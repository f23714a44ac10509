/** The result folder of one run: its fixed files, and how each is written. */

import type { KeyObject } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '../../protocols/codec.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { CERTIFICATES_FOLDER, JOURNAL_FILE, RECORD_FILE, SPEC_FILE } from '../../protocols/layout.ts'
import { endsWithSeal, type RunRecord, readRecord, writeRecord } from '../../protocols/record.ts'
import { writeRunFile } from '../../protocols/run-file.ts'
import type { Spec } from '../../protocols/spec.ts'
import { writeAtomic } from './atomic.ts'
import { fileDigests } from './file-digests.ts'

/** Upper bound of a seal, which ends a record. */
const MAX_SEAL_BYTES = 512

export class RunFolder {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  get journal(): string {
    return join(this.root, JOURNAL_FILE)
  }

  get certificates(): string {
    return join(this.root, CERTIFICATES_FOLDER)
  }

  path(...names: string[]): string {
    return join(this.root, ...names)
  }

  async create(spec: Spec): Promise<void> {
    await mkdir(this.certificates, { recursive: true })
    await writeAtomic(this.path(SPEC_FILE), writeRunFile(spec))
  }

  async writeEnvelope(path: string, sealed: Envelope): Promise<void> {
    await writeAtomic(this.path(path), encode(sealed))
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await writeAtomic(this.path(RECORD_FILE), writeRecord(record))
  }

  /** Adds the digest of every file to the record, and signs it. */
  async seal(record: RunRecord, signer: { peer: string; key: KeyObject }): Promise<RunRecord> {
    const sealed = { ...record, files: await fileDigests(this.root, { except: [RECORD_FILE] }) }
    await writeAtomic(this.path(RECORD_FILE), writeRecord(sealed, signer))
    return sealed
  }

  /**
   * Reads synchronously, which is faster for a few bytes: a daemon calls this for each of its runs when it starts.
   * @returns whether the record ends with a seal; false if it is missing
   */
  isSealed(): boolean {
    let file: number | undefined
    try {
      file = openSync(this.path(RECORD_FILE), 'r')
      const { size } = fstatSync(file)
      const end = Buffer.alloc(Math.min(size, MAX_SEAL_BYTES))
      return endsWithSeal(end.toString('utf8', 0, readSync(file, end, 0, end.length, size - end.length)))
    } catch {
      return false
    } finally {
      if (file != null) closeSync(file)
    }
  }

  async readRecord(): Promise<RunRecord> {
    return readRecord(await this.readRecordText())
  }

  readRecordText(): Promise<string> {
    return readFile(this.path(RECORD_FILE), 'utf8')
  }
}
