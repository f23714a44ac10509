/** What the audit says of a program that was started for others. Pure. */
import { digestOf } from '../../protocols/digest.ts'
import type { AuditLine } from './audit.ts'
import { containedInWords } from './contained-program.ts'
import { type Isolation, isolationInWords } from './isolation.ts'
import type { ProgramOfRun } from './programs.ts'

/** Words, and characters of each. */
const MAX_ARGV_WORDS = 32
const MAX_WORD = 200
/** As the daemon, on the owner's word. */
export const PRIVILEGED: Isolation = { how: 'owner', limit: false }

export function auditLineOf(
  { run, by }: { run: string; by: string },
  { name, argv, work }: ProgramOfRun,
  isolation: Isolation
): Omit<AuditLine, 'event'> {
  const digest = digestOf(Buffer.from(argv.join('\0')))
  const shown = argv
    .slice(0, MAX_ARGV_WORDS)
    .map(word => (word.length > MAX_WORD ? `${word.slice(0, MAX_WORD)}...` : word))
  return { at: Date.now(), by, run, name, argv: shown, digest, as: asWhom(isolation, work?.image != null) }
}

function asWhom(isolation: Isolation, hasImage: boolean): string {
  if (hasImage) return containedInWords(isolation)
  if (isolation === PRIVILEGED) return 'as the daemon, which allow.privileged names'
  return isolationInWords(isolation).replace(/^programs of others run /, '')
}
