/** Names of this machine's users, and words of a shell, for messages. */
import { readFileSync } from 'node:fs'

/** @returns `root`, or `user 1234` for a user that is not in /etc/passwd */
export function nameOfUser(uid: number, passwd = readUsers()): string {
  const line = passwd.split('\n').find(each => each.split(':')[2] === String(uid))
  return line?.split(':')[0] || `user ${uid}`
}

function readUsers(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8')
  } catch {
    return ''
  }
}

/** @returns a word quoted for a shell, so that a command in a message can be copied */
export const inQuotes = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
