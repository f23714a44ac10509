/** `bak topo`: shows the connections of the mesh. */
import type { Command } from 'commander'
import type { CallResponse, TopologyLink } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { pathClass } from '../../protocols/path.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatDot, onlyReporter } from '../dot.ts'
import { cleanLine, writeTo } from '../output.ts'

export function define(command: Command): void {
  addFlag(command, '--dot', 'a graph for graphviz')
  addExamples(command, {
    'bak topo': 'the connections of each peer by path class, and its gossip neighbours',
    'bak topo --dot | dot -Tsvg > mesh.svg':
      'dashed is relayed, bold carries gossip, grey is reported by one side only',
    'bak topo --json | jq -r \'.links[] | select(.class == "relayed") | "\\(.a.name) \\(.b.name)"\'':
      'the relayed pairs'
  })
  setAction(command, act)
}

async function act({ json, ask, print, printLines }: Context, { dot }: { dot?: boolean }): Promise<void> {
  if (json && dot) throw new BakError('usage', '--dot does not go with --json')
  const answer = await ask('topology', {})
  await (json ? print(JSON.stringify(answer)) : printLines(dot ? formatDot(answer) : formatTopology(answer)))
  for (const { name, error } of answer.members) {
    if (error != null)
      await writeTo(process.stderr, `bak: ${name} did not answer with its connections: ${cleanLine(error)}\n`)
  }
}

function formatTopology({ members, links }: CallResponse<'topology'>): string {
  const classes = pathClass.options
  const head = ['PEER', 'CONNECTIONS', ...classes.map(each => each.toUpperCase()), 'ONE-SIDED', 'GOSSIP WITH']
  const byPeer = Map.groupBy(
    links.flatMap(link => [
      { peer: link.a.peer, other: link.b.name, link },
      { peer: link.b.peer, other: link.a.name, link }
    ]),
    ({ peer }) => peer
  )
  const rows = members.map(({ peer, name }) => {
    const own = byPeer.get(peer) ?? []
    const count = (fits: (link: TopologyLink) => boolean) => own.filter(({ link }) => fits(link)).length || undefined
    return [
      name,
      own.length,
      ...classes.map(each => count(link => link.class === each)),
      count(link => onlyReporter(link) != null),
      own
        .filter(({ link }) => link.gossip)
        .map(({ other }) => other)
        .sort()
        .join(' ')
    ]
  })
  const opened = links.filter(each => each.opened).length
  const table = formatTable(head, rows)
  if (opened === 0) return table
  return `${table}\n\n${opened} ${opened === 1 ? 'connection was' : 'connections were'} opened by this call`
}
