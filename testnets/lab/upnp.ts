/** The daemon that opens ports of a router on demand: miniupnpd, as on real ones. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Host } from './namespace.ts'
import { LAN, UPNP_TABLE, WAN } from './routers.ts'
import type { Nat } from './topology.ts'

const START_TIMEOUT_MS = 10_000

/** Resolves when the daemon answers; it ends with the router's namespace. @throws its stderr */
export async function openPortsOnDemand({ namespace, lan }: Host, nat: Nat): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bak-upnp-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'miniupnpd.conf')
  writeFileSync(file, settings(lan?.network as string, folder, nat === 'upnp'))
  // it logs all the time, so its pipe must be read to the end
  const child = namespace.spawn(['miniupnpd', '-d', '-f', file, '-P', join(folder, 'pid')], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let said = ''
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`miniupnpd is not ready: ${said}`)), START_TIMEOUT_MS)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`miniupnpd ended: ${said}`)))
    child.stderr?.on('data', data => {
      said = (said + data).slice(-2_000)
      if (said.includes(nat === 'upnp' ? 'HTTP listening' : 'Listening for NAT-PMP')) resolve()
    })
  }).finally(() => clearTimeout(timer))
}

function settings(network: string, folder: string, upnp: boolean): string {
  return `ext_ifname=${WAN}
listening_ip=${LAN}
enable_upnp=${upnp ? 'yes' : 'no'}
enable_natpmp=yes
secure_mode=yes
system_uptime=no
notify_interval=30
uuid=5f1f1f1e-0000-4000-8000-000000000001
lease_file=${join(folder, 'leases')}
upnp_table_name=${UPNP_TABLE}
upnp_nat_table_name=${UPNP_TABLE}
upnp_forward_chain=forward
upnp_nat_chain=prerouting
upnp_nat_postrouting_chain=postrouting
allow 1024-65535 ${network}.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`
}
