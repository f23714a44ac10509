/** Copies of a result for a test to tamper with, and the seals of who tampers. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Signer } from '../../protocols/envelope.ts'
import { folderDigests } from '../../protocols/folder-digests.ts'
import { type RunRecord, readRecord, writeRecord } from '../../protocols/record.ts'

/** A copy of a result. */
export class Copy {
  readonly folder: string

  constructor(original: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'bak-tamper-'))
    cpSync(original, this.folder, { recursive: true, verbatimSymlinks: true })
  }

  path(...names: string[]): string {
    return join(this.folder, ...names)
  }

  read(path: string): Buffer {
    return readFileSync(this.path(path))
  }

  write(path: string, content: string | Uint8Array): void {
    writeFileSync(this.path(path), content)
  }

  get record(): RunRecord {
    return readRecord(this.read('run.json').toString())
  }

  /** Seals what is there now, as the daemon of a controller does. */
  async seal(signer: Signer, change: Partial<RunRecord> = {}): Promise<void> {
    const { files, others } = await folderDigests(this.folder, { except: ['run.json'] })
    this.write('run.json', writeRecord({ ...this.record, files, others, ...change }, signer))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
