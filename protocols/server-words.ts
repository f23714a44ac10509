/**
 * How a command names the machines of servers: `{{NAME.address}}` is the address of one instance of the workload NAME, `{{NAME.addresses}}`
 * are those of all, separated by commas; the variables BAK_SERVER_NAME and BAK_SERVERS_NAME have the same. Pure.
 */
const WORD = /\{\{([A-Za-z0-9][A-Za-z0-9._@#-]{0,63})\.(address|addresses)\}\}/g

/** By the name of a workload of servers: the addresses of its instances, in the order of their ranks. */
export type ServerAddresses = Map<string, string[]>

/** @returns the workloads that a word names */
export const namesIn = (word: string): string[] => [...word.matchAll(WORD)].map(([, name = '']) => name)

/**
 * @param rank of who asks: clients are spread over the instances of a server by it
 * @returns the word with addresses in the place of names; a name without an address stays as it is
 */
export function withAddresses(word: string, servers: ServerAddresses, rank: number): string {
  return word.replace(WORD, (whole, name: string, which: string) => {
    const addresses = servers.get(name) ?? []
    return (which === 'address' ? addressFor(addresses, rank) : addresses.join(',')) || whole
  })
}

export function serverVariables(servers: ServerAddresses, rank: number): Record<string, string> {
  return Object.fromEntries(
    [...servers].flatMap(([name, addresses]) => [
      [serverVariable('SERVER', name), addressFor(addresses, rank) ?? ''],
      [serverVariable('SERVERS', name), addresses.join(',')]
    ])
  )
}

const addressFor = (addresses: string[], rank: number) => addresses[rank % addresses.length]

const serverVariable = (kind: string, name: string) => `BAK_${kind}_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
