/** Where the parts of Performance Co-Pilot are on this machine, as its own configuration says. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface PcpPlaces {
  /** pmcd, pmnsmerge. */
  binaries: string
  /** Agents, a folder each. */
  agents: string
  /** Lists of metrics. */
  names: string
}

const CONFIG = '/etc/pcp.conf'

export const pcpPlaces = async (): Promise<PcpPlaces> => placesIn(await readFile(CONFIG, 'utf8').catch(() => ''))

/** Pure. @param text lines such as `PCP_BINADM_DIR=/usr/lib/pcp/bin`; Debian's places where it says nothing */
export function placesIn(text: string): PcpPlaces {
  const said = new Map([...text.matchAll(/^(PCP_\w+)=(\/\S*)$/gm)].map(([, name, value]) => [name, value as string]))
  return {
    binaries: said.get('PCP_BINADM_DIR') ?? '/usr/lib/pcp/bin',
    agents: said.get('PCP_PMDAS_DIR') ?? '/var/lib/pcp/pmdas',
    names: join(said.get('PCP_VAR_DIR') ?? '/var/lib/pcp', 'pmns')
  }
}
