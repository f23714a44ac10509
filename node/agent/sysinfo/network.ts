/** Network interfaces and routes. */
import { networkInterfaces } from 'node:os'
import { type Collector, linkName, list, read, readAll } from './collector.ts'

const SYS = '/sys/class/net'
/** A host of containers has thousands of virtual ones. */
const MAX_INTERFACES = 256
const MAX_ROUTES6 = 1024

export const network: Collector = {
  file: 'network.json',
  async collect({ cut }) {
    const names = await list(SYS)
    if (names.length > MAX_INTERFACES) cut(`the first ${MAX_INTERFACES} of ${names.length} interfaces`)
    const addresses = networkInterfaces()
    const interfaces = names.slice(0, MAX_INTERFACES).map(async name => ({
      name,
      ...(await readAll(`${SYS}/${name}`, ['address', 'mtu', 'operstate', 'speed', 'duplex', 'tx_queue_len'])),
      driver: await linkName(`${SYS}/${name}/device/driver`),
      queues: (await list(`${SYS}/${name}/queues`)).length,
      addresses: (addresses[name] ?? []).map(each => each.cidr)
    }))
    return { interfaces: await Promise.all(interfaces), routes: await routes(), routes6: await routes6() }
  }
}

async function routes() {
  const lines = ((await read('/proc/net/route')) ?? '').split('\n').slice(1)
  return lines.map(line => {
    const [device, destination = '', gateway = '', , , , metric, mask = ''] = line.split('\t')
    return {
      device,
      destination: `${ipv4(destination)}/${prefix(mask)}`,
      gateway: ipv4(gateway),
      metric: Number(metric)
    }
  })
}

/** The kernel prints the four bytes as one native number, which is little-endian on all platforms of bak. */
const ipv4 = (hex: string) => [...Buffer.from(hex, 'hex')].reverse().join('.')
const prefix = (hex: string) =>
  Number.parseInt(hex || '0', 16)
    .toString(2)
    .replaceAll('0', '').length

async function routes6() {
  const lines = ((await read('/proc/net/ipv6_route')) ?? '').split('\n').filter(line => line !== '')
  return lines.slice(0, MAX_ROUTES6).map(line => {
    const [destination = '', length = '', , , gateway = '', metric = '', , , , device] = line.split(/\s+/)
    return {
      device,
      destination: `${ipv6(destination)}/${Number.parseInt(length, 16)}`,
      gateway: ipv6(gateway),
      metric: Number.parseInt(metric, 16)
    }
  })
}

const ipv6 = (hex: string) => (hex.match(/.{4}/g) ?? []).join(':')
