/** `npm run testnet -- NAME [options]`: scripted meshes of real daemons. Adding one takes a file and a line here. */
interface Entry {
  /** For the list; without it the testnet is internal. */
  about?: string
  load(): Promise<{ main(args: string[]): Promise<void> }>
}

const testnets: Record<string, Entry> = {
  local: { about: 'daemons on loopback, for experiments', load: () => import('./local.ts') },
  demo: { about: 'four daemons and a run, explained step by step', load: () => import('./demo.ts') },
  scale: { about: 'measures a larger mesh on this machine', load: () => import('./scale.ts') },
  partition: { about: 'a mesh that is cut in two and healed (root)', load: () => import('./partition.ts') },
  churn: { about: 'peers come and go while runs go on', load: () => import('./churn.ts') },
  endurance: { about: 'many runs in a row: no resource may grow', load: () => import('./endurance.ts') },
  lossy: { about: 'a run over slow links that lose frames (root)', load: () => import('./lossy.ts') },
  nat: { about: 'daemons behind every kind of NAT (root)', load: () => import('./nat.ts') },
  lab: { about: 'hosts behind every kind of NAT, without daemons (root)', load: () => import('./lab.ts') },
  /** The workload of the demo. */
  workload: { load: () => import('./workload.ts') }
}

/** @param words the name of a testnet and its options; only options mean `local`, no words print the list */
export async function runTestnet(words: string[]): Promise<void> {
  const [first = '', ...rest] = words
  if (['', 'help', '--help', '-h'].includes(first)) return list()
  const name = first.startsWith('-') ? 'local' : first
  const entry = testnets[name]
  if (entry == null) {
    process.stderr.write(
      `testnet: no testnet ${name}; there are ${named()
        .map(([each]) => each)
        .join(', ')}\n`
    )
    process.exit(64)
  }
  const { main } = await entry.load()
  await main(name === first ? rest : words)
}

function list(): void {
  process.stdout.write(
    `usage: npm run testnet -- NAME [options]; NAME --help tells more; options without NAME are for local\n${named()
      .map(([name, about]) => `  ${name.padEnd(10)} ${about}\n`)
      .join('')}`
  )
}

function named(): Array<[string, string]> {
  return Object.entries(testnets).flatMap(([name, { about }]) =>
    about == null ? [] : [[name, about] as [string, string]]
  )
}
