/** `npm run testnet -- [NAME] [options]`: scripted meshes of real daemons. A new one is one file and one line here. */
const testnets: Record<string, () => Promise<{ main(args: string[]): Promise<void> }>> = {
  local: () => import('./local.ts'),
  demo: () => import('./demo.ts'),
  scale: () => import('./scale.ts'),
  /** What the demo's run executes. */
  workload: () => import('./workload.ts')
}

/** @param words the name of a testnet, `local` if there is none, and its options */
export async function runTestnet(words: string[]): Promise<void> {
  const [first = '', ...rest] = words
  const name = first.startsWith('-') || first === '' ? 'local' : first
  const load = testnets[name]
  if (load == null) {
    process.stderr.write(`testnet: no testnet ${name}; there are ${Object.keys(testnets).join(', ')}\n`)
    process.exit(64)
  }
  const { main } = await load()
  await main(name === first ? rest : words)
}
