/** On which ports a process group listens, as /proc shows it: a number that a program printed proves nothing. */
import { readlinkSync } from 'node:fs'
import { ifPossible, namesIn, textIn } from '../if-possible.ts'
import { membersOf } from './process-group.ts'

/** In the column `st` of /proc/net/tcp; include/net/tcp_states.h. */
const LISTEN = '0A'

/** @returns the ports on which processes of the group listen in the network of the daemon */
export function listeningPorts(group: number): number[] {
  const all = ['tcp', 'tcp6'].flatMap(name => listenersIn(textIn(`/proc/self/net/${name}`) ?? ''))
  const own = new Set(membersOf(group).flatMap(({ pid }) => socketsOf(pid)))
  return [...new Set(all.filter(({ inode }) => own.has(inode)).map(({ port }) => port))]
}

/** Pure. @param text of /proc/net/tcp or tcp6 @returns the sockets that listen */
export function listenersIn(text: string): Array<{ port: number; inode: string }> {
  return text
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTEN)
    .map(([, local = '', ...rest]) => ({
      port: Number.parseInt(local.split(':')[1] ?? '', 16),
      inode: rest[7] ?? ''
    }))
}

/** @returns inodes; none of a process that is gone, or of another user */
function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return namesIn(folder).flatMap(name => {
    const link = ifPossible(() => readlinkSync(`${folder}/${name}`)) ?? ''
    return /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []
  })
}
