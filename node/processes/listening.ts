/** Whether a process of a group listens on a port, as /proc shows it: a number that a program printed proves nothing. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { membersOf } from './process-group.ts'

/** In the column `st` of /proc/net/tcp; include/net/tcp_states.h. */
const LISTEN = '0A'

/** @returns whether a process of the group has a socket that listens on this port in the network of the daemon */
export function listensOn(group: number, port: number): boolean {
  const sockets = new Set(['tcp', 'tcp6'].flatMap(name => listenersIn(textOf(`/proc/self/net/${name}`), port)))
  if (sockets.size === 0) return false
  return membersOf(group).some(({ pid }) => socketsOf(pid).some(each => sockets.has(each)))
}

/** Pure. @param text of /proc/net/tcp or tcp6 @returns the inodes of the sockets that listen on the port */
export function listenersIn(text: string, port: number): string[] {
  return text
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTEN && Number.parseInt(local.split(':')[1] ?? '', 16) === port)
    .map(fields => fields[9] ?? '')
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** @returns inodes; none of a process that is gone, or of another user */
function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).flatMap(name => {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`)) ?? []
      return inode ?? []
    })
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
