/** The topology of the mesh as a graph for graphviz. */
import type { CallResponse, TopologyLink } from '../protocols/control.ts'
import { cleanLine } from './output.ts'

type Topology = CallResponse<'topology'>

/** An undirected edge for each connection: dashed if it is relayed, bold if it carries gossip, grey if only one side reports it. */
export function formatDot({ members, links }: Topology): string {
  const called = Map.groupBy(members, ({ name }) => name)
  // by its id if two have the same name: a peer that came back with a new key is there twice
  const idOf = ({ peer, name }: { peer: string; name: string }) => quote(called.get(name)?.length === 1 ? name : peer)
  const nodes = members.map(each => {
    const label = `label=${quote(each.name, ...(each.error == null ? [] : ['no answer']))}`
    return `  ${idOf(each)} [${label}${each.error == null ? '' : ', style=dashed'}];`
  })
  const edges = links.map(each => `  ${idOf(each.a)} -- ${idOf(each.b)} [${attributesOf(each)}];`)
  return ['graph bak {', '  node [shape=box];', ...nodes, ...edges, '}'].join('\n')
}

function attributesOf(link: TopologyLink): string {
  const reporter = onlyReporter(link)
  const label = [
    link.via == null ? link.class : `${link.class} via ${link.via.name}`,
    ...(reporter == null ? [] : [`reported only by ${reporter}`]),
    ...(link.opened ? ['opened by this call'] : [])
  ]
  const styles = [...(link.class === 'relayed' ? ['dashed'] : []), ...(link.gossip ? ['bold'] : [])]
  return [
    `label=${quote(...label)}`,
    ...(styles.length === 0 ? [] : [`style=${quote(styles.join(','))}`]),
    ...(reporter == null ? [] : ['color=gray'])
  ].join(', ')
}

/** @returns the name of the peer that reports the connection, if the other does not */
export function onlyReporter({ a, b, said }: TopologyLink): string | undefined {
  return said.length > 1 ? undefined : said[0]?.by === a.peer ? a.name : b.name
}

/** A string in DOT, of several lines, with quotes, backslashes and entities escaped. */
export function quote(...lines: string[]): string {
  const escaped = lines.map(line =>
    cleanLine(line).replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  )
  return `"${escaped.join('\\n')}"`
}
