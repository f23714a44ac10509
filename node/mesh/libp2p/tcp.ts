/** The transport of TCP, which dials only what the rule allows, whichever part of libp2p or of the mesh asks. */
import { tcp } from '@libp2p/tcp'
import type { DialRule } from '../reachability/dial-rule.ts'

type Make = ReturnType<typeof tcp>

export function ruledTcp(rule: DialRule): Make {
  const make = tcp({ dialOpts: { lookup: rule.lookup } as object })
  return components => {
    const transport = make(components)
    const takes = transport.dialFilter.bind(transport)
    transport.dialFilter = addresses => takes(addresses).filter(address => rule.allows(address))
    return transport
  }
}
