/** The user that programs of others run as, where the daemon is root's. */
import { BakError } from '../../protocols/errors.ts'
import { textIn } from '../if-possible.ts'

/** The user that `bak-node install` makes. */
export const RUN_USER = 'bak-run'
/** Is there everywhere, and owns nothing. */
const NOBODY = { user: 'nobody', uid: 65_534, gid: 65_534 }

export interface RunAs {
  user: string
  uid: number
  gid: number
}

/**
 * Pure.
 * @param wanted a name, `UID` or `UID:GID`; undefined for the default
 * @param passwd the text of passwd(5)
 * @throws {BakError} `bad-config` if there is no such user, or it is root
 */
export function runAsOf(wanted: string | undefined, passwd: string): RunAs {
  const users = passwd.split('\n').map(line => line.split(':'))
  const named = (name: string): RunAs | undefined => {
    const found = users.find(fields => fields[0] === name)
    return found && { user: name, uid: Number(found[2]), gid: Number(found[3]) }
  }
  const chosen =
    wanted == null ? (named(RUN_USER) ?? named(NOBODY.user) ?? NOBODY) : (named(wanted) ?? byNumber(wanted))
  if (chosen == null) {
    throw new BakError(
      'bad-config',
      `allow.run_as: there is no user ${wanted} in /etc/passwd; UID:GID names one that is not in it`
    )
  }
  if (chosen.uid === 0 || chosen.gid === 0) {
    throw new BakError(
      'bad-config',
      `allow.run_as: ${chosen.user} is root, or of root's group: programs of others never run as root`
    )
  }
  return chosen
}

/** The group of a user without a group is the one of the same number. */
function byNumber(wanted: string): RunAs | undefined {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(wanted) ?? []
  return uid == null ? undefined : { user: wanted, uid: Number(uid), gid: Number(gid ?? uid) }
}

/** @throws {BakError} `bad-config` */
export function findRunAs(wanted: string | undefined): RunAs {
  // in an image without one numbers do
  return runAsOf(wanted, textIn('/etc/passwd') ?? '')
}
