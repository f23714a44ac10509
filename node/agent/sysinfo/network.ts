/** Network interfaces and routes. */
import { networkInterfaces } from 'node:os'
import { type Collector, linkName, list, read, readAll } from './collector.ts'

const SYS = '/sys/class/net'
/** A host of containers has thousands of virtual ones. */
const MAX_INTERFACES = 256
const MAX_ROUTES6 = 1024
/** What ethtool would say more of is in no file. */
const OFFLOADS = ['gro_flush_timeout', 'napi_defer_hard_irqs', 'threaded', 'carrier_changes', 'netdev_group', 'flags']
/** Queues of an interface whose processors are read. */
const MAX_QUEUES = 64

export const network: Collector = {
  async collect({ cut }) {
    const names = await list(SYS)
    if (names.length > MAX_INTERFACES) cut(`the first ${MAX_INTERFACES} of ${names.length} interfaces`)
    const addresses = networkInterfaces()
    const interfaces = names.slice(0, MAX_INTERFACES).map(async name => ({
      name,
      ...(await readAll(`${SYS}/${name}`, ['address', 'mtu', 'operstate', 'speed', 'duplex', 'tx_queue_len'])),
      ...(await readAll(`${SYS}/${name}`, OFFLOADS)),
      driver: await linkName(`${SYS}/${name}/device/driver`),
      bus: await readAll(`${SYS}/${name}/device`, ['numa_node', 'current_link_speed', 'current_link_width']),
      queues: await queues(name),
      addresses: (addresses[name] ?? []).map(each => each.cidr)
    }))
    return { interfaces: await Promise.all(interfaces), routes: await routes(), routes6: await routes6() }
  }
}

/** How many there are each way, and which processors serve them where that was set. */
async function queues(name: string) {
  const folder = `${SYS}/${name}/queues`
  const names = await list(folder)
  const steered = names.slice(0, MAX_QUEUES).map(async queue => {
    const set = await readAll(`${folder}/${queue}`, ['rps_cpus', 'xps_cpus'])
    return [queue, ...Object.values(set).filter(mask => /[1-9a-f]/.test(mask))]
  })
  const isOf = (kind: string) => names.filter(each => each.startsWith(kind)).length
  return {
    receive: isOf('rx-'),
    transmit: isOf('tx-'),
    steered: (await Promise.all(steered)).filter(each => each.length > 1).map(each => each.join(' '))
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
