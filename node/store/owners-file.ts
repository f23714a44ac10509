/** Whether a file is the word of the owner of this machine: what somebody else could have put there, or could change, is not. */
import type { Stats } from 'node:fs'
import { nameOfUser } from '../../protocols/users.ts'

/** Pure. @returns why others than the owner of the daemon could have written it */
export function whyUnsafe(
  { uid, mode }: Pick<Stats, 'uid' | 'mode'>,
  what: string,
  me = process.geteuid?.() ?? uid
): string | undefined {
  // root could do all that this daemon can
  if (uid !== me && uid !== 0) return `${what} belongs to ${nameOfUser(uid)}, not to the user of the daemon`
  if ((mode & 0o020) !== 0) return `its group may write ${what}: chmod g-w`
  if ((mode & 0o002) !== 0) return `everybody may write ${what}: chmod o-w`
  return undefined
}

/** The mode of a link says nothing. */
export function whyNoFile(found: Stats): string | undefined {
  if (found.isSymbolicLink()) return 'it is a link: put the file itself in its place'
  return found.isFile() ? undefined : 'it is no file'
}
