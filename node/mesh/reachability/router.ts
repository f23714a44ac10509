/** The default router of this machine. */
import { readFile } from 'node:fs/promises'

const ROUTE_TABLE = '/proc/net/route'
/** Flags of a route: RTF_UP and RTF_GATEWAY. */
const UP_AND_GATEWAY = 3

/** @returns its IPv4 address; undefined where there is none, or the table cannot be read */
export async function defaultRouter(): Promise<string | undefined> {
  return routerIn(await readFile(ROUTE_TABLE, 'utf8').catch(() => ''))
}

/** Reads the kernel's table: addresses are hex in the machine's byte order, here of little-endian machines. Pure. */
export function routerIn(table: string): string | undefined {
  const routes = table
    .split('\n')
    .slice(1)
    .map(line => line.split(/\s+/))
  const found = routes
    .filter(
      ([, destination, , flags]) =>
        destination === '00000000' && (Number.parseInt(flags ?? '', 16) & UP_AND_GATEWAY) === UP_AND_GATEWAY
    )
    .sort((a, b) => Number(a[6]) - Number(b[6]))
  const [, , router] = found[0] ?? []
  if (router == null || !/^[0-9A-F]{8}$/i.test(router)) return undefined
  return [...Buffer.from(router, 'hex')].reverse().join('.')
}
