/** The router that this machine sends everything to that is not near. */
import { readFile } from 'node:fs/promises'

const TABLE = '/proc/net/route'
const UP_AND_GATEWAY = 3

/** @returns its IPv4 address; undefined where there is none, or nobody can tell */
export async function defaultRouter(): Promise<string | undefined> {
  return routerIn(await readFile(TABLE, 'utf8').catch(() => ''))
}

/** Reads the kernel's table: addresses are hex in the machine's own order of bytes, which Linux runs on little-endian here. Pure. */
export function routerIn(table: string): string | undefined {
  const routes = table
    .split('\n')
    .slice(1)
    .map(line => line.split(/\s+/))
  const found = routes
    .filter(
      ([, destination, , flags]) =>
        destination === '00000000' && (Number.parseInt(flags ?? '', 16) & 3) === UP_AND_GATEWAY
    )
    .sort((a, b) => Number(a[6]) - Number(b[6]))
  const [, , router] = found[0] ?? []
  if (router == null || !/^[0-9A-F]{8}$/i.test(router)) return undefined
  return [...Buffer.from(router, 'hex')].reverse().join('.')
}
