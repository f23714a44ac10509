/** The mesh as a graph that graphviz draws. */
import type { CallResponse, TopologyLink } from '../protocols/control.ts'
import { cleanLine } from './output.ts'

type Topology = CallResponse<'topology'>

/** Undirected, an edge a pair: dashed where it is relayed, bold where gossip goes over it, grey where one side alone tells of it. */
export function formatDot({ members, links }: Topology): string {
  const called = Map.groupBy(members, ({ name }) => name)
  // by its id where two share a name: one of them is gone, and comes back as another
  const idOf = ({ peer, name }: { peer: string; name: string }) => quote(called.get(name)?.length === 1 ? name : peer)
  const nodes = members.map(each => {
    const label = `label=${quote(each.name, ...(each.error == null ? [] : ['no answer']))}`
    return `  ${idOf(each)} [${label}${each.error == null ? '' : ', style=dashed'}];`
  })
  const edges = links.map(each => `  ${idOf(each.a)} -- ${idOf(each.b)} [${attributesOf(each)}];`)
  return ['graph bak {', '  node [shape=box];', ...nodes, ...edges, '}'].join('\n')
}

function attributesOf(link: TopologyLink): string {
  const teller = onlyTeller(link)
  const label = [
    link.via == null ? link.class : `${link.class} via ${link.via.name}`,
    ...(teller == null ? [] : [`says only ${teller}`]),
    ...(link.opened ? ['opened to ask'] : [])
  ]
  const styles = [...(link.class === 'relayed' ? ['dashed'] : []), ...(link.gossip ? ['bold'] : [])]
  return [
    `label=${quote(...label)}`,
    ...(styles.length === 0 ? [] : [`style=${quote(styles.join(','))}`]),
    ...(teller == null ? [] : ['color=gray'])
  ].join(', ')
}

/** @returns the name of the one peer that tells of a connection which the other does not tell of */
export function onlyTeller({ a, b, said }: TopologyLink): string | undefined {
  return said.length > 1 ? undefined : said[0]?.by === a.peer ? a.name : b.name
}

/** A text between quotes, each line under the last: nothing in it ends the quotes, or is taken for an escape or an entity. */
export function quote(...lines: string[]): string {
  const escaped = lines.map(line =>
    cleanLine(line).replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  )
  return `"${escaped.join('\\n')}"`
}
