/** `npm run testnet lab`: the NAT laboratory without daemons, for experiments by hand, until Ctrl-C. */
import { labMissing } from './lab/available.ts'
import { Lab } from './lab/lab.ts'
import { NATS } from './lab/topology.ts'
import { readOptions, requireAvailable } from './options.ts'

const USAGE = `usage: npm run testnet lab -- [--delay MS] [--loss PERCENT] [--rate BITS]
Makes hosts behind every kind of NAT out of network namespaces, prints how to enter each, and removes them on Ctrl-C. Root only.
  --delay MS      one way, on the public segment (default 0)
  --loss PERCENT  of its frames (default 0)
  --rate BITS     per second, of each link to it and in each direction; 0 is no limit (default 0)`

export async function main(args: string[]): Promise<void> {
  const conditions = readOptions(args, USAGE, {
    delay: { is: 'number', default: 0, least: 0, most: 10_000, whole: false },
    loss: { is: 'number', default: 0, least: 0, most: 100, whole: false },
    rate: { is: 'number', default: 0, least: 0, most: 1e12 }
  })
  requireAvailable(labMissing(['miniupnpd']))
  const lab = await Lab.build(NATS, conditions)
  for (const { name } of [...(NATS.routers ?? []), ...NATS.hosts]) {
    const { address, outside, gateway, namespace } = lab.host(name)
    const location = gateway == null ? '' : `behind ${gateway.name}, seen as ${outside}`
    process.stdout.write(
      `${name.padEnd(7)} ${address.padEnd(13)} ${location.padEnd(34)} ${namespace.enter.join(' ')} sh\n`
    )
  }
  process.stdout.write('Ctrl-C removes them all\n')
  // its namespaces are removed when a signal ends this process
  setInterval(() => {}, 1 << 30)
}
