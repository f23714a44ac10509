/** N daemons on loopback that stay until Ctrl-C. */
import { readOptions } from './options.ts'
import { Testnet } from './testnet.ts'

const USAGE = `usage: npm run testnet -- [--peers N] [--folder DIR]
Starts N daemons (default 4) in one folder, prints how to address each, and stops them all on Ctrl-C.`

export async function main(args: string[]): Promise<void> {
  const { peers, folder } = readOptions(args, USAGE, {
    peers: { is: 'number', default: 4, least: 1, most: 256 },
    folder: { is: 'text' }
  })
  const testnet = await Testnet.start({ peers, folder })
  process.stdout.write(
    `${peers} peers in ${testnet.folder}\n\n${testnet.peers
      .map(
        ({ name, home, child }) =>
          `  ${name.padEnd(5)} pid ${String(child?.pid).padEnd(8)} bak --home ${home} members\n`
      )
      .join('')}\n` +
      `  another machine joins with: bak-node daemon join ${testnet.ticket}\n  logs: ${testnet.folder}/<name>.log\n\nCtrl-C stops them all\n`
  )
  await new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  process.stdout.write('stopping\n')
  await testnet.stop()
}
