/** N daemons on loopback that stay until Ctrl-C. */
import { parseArgs } from 'node:util'
import { Testnet } from './testnet.ts'

const USAGE = `usage: npm run testnet -- [--peers N] [--folder DIR]
Starts N daemons (default 4) in one folder, prints how to talk to each, and stops them all on Ctrl-C.`

export async function main(args: string[]): Promise<void> {
  const { peers, folder } = options(args)
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

function options(args: string[]): { peers: number; folder?: string } {
  try {
    const { values } = parseArgs({
      args,
      options: { peers: { type: 'string', default: '4' }, folder: { type: 'string' } }
    })
    const peers = Number(values.peers)
    if (Number.isInteger(peers) && peers >= 1 && peers <= 256) return { peers, folder: values.folder }
    throw new Error(`--peers ${values.peers}: a number from 1 to 256 is needed`)
  } catch (error) {
    process.stderr.write(`testnet: ${(error as Error).message}\n${USAGE}\n`)
    process.exit(64)
  }
}
