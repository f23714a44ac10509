/** The rules that make a namespace a router of some kind of NAT, or a host behind a firewall of its own. */
import type { Namespace } from './namespace.ts'
import { type Nat, opensPorts } from './topology.ts'

/** Names of interfaces. */
export const [WAN, LAN] = ['wan', 'lan']
export const UPNP_TABLE = 'upnp'

const ESTABLISHED = 'ct state established,related accept'
const UNSOLICITED = {
  drop: 'drop',
  reset: 'meta l4proto tcp reject with tcp reset'
}

export function becomeRouter(namespace: Namespace, nat: Nat): void {
  namespace.write('ipv4/ip_forward', '1')
  namespace.run(['nft', '-f', '-'], routerRules(nat))
}

export function becomeFirewalled(namespace: Namespace): void {
  namespace.run(['nft', '-f', '-'], inputRules(UNSOLICITED.drop))
}

/** @returns a ruleset for `nft -f` */
export function routerRules(nat: Nat): string {
  const forward = [
    nat === 'no-udp' ? `iifname ${LAN} meta l4proto udp drop` : '',
    // a mapped port
    opensPorts(nat) ? 'ct status dnat accept' : '',
    ESTABLISHED,
    `iifname ${WAN} drop`
  ].filter(Boolean)
  return `${inputRules(nat === 'resetting' ? UNSOLICITED.reset : UNSOLICITED.drop)}
add table ip nat
add chain ip nat post { type nat hook postrouting priority 100; }
add rule ip nat post oifname ${WAN} masquerade ${nat === 'symmetric' ? 'fully-random' : ''}
add chain ip filter forward { type filter hook forward priority 0; }
${forward.map(rule => `add rule ip filter forward ${rule}\n`).join('')}${opensPorts(nat) ? UPNP_CHAINS : ''}`
}

function inputRules(unsolicited: string): string {
  return `add table ip filter
add chain ip filter input { type filter hook input priority 0; }
add rule ip filter input iifname ${WAN} ${ESTABLISHED}
add rule ip filter input iifname ${WAN} icmp type echo-request accept
add rule ip filter input iifname ${WAN} ${unsolicited}`
}

/** Where miniupnpd puts its rules. */
const UPNP_CHAINS = `add table inet ${UPNP_TABLE}
add chain inet ${UPNP_TABLE} forward
add chain inet ${UPNP_TABLE} prerouting { type nat hook prerouting priority -100; }
add chain inet ${UPNP_TABLE} postrouting { type nat hook postrouting priority 99; }
`
