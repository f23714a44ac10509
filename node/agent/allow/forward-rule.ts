/** Whether a port of this machine may be reached through a tunnel: `allow.forward` of config.toml. Pure. */
import { portsIn } from '../../../protocols/ports.ts'
import type { Refusal, Rules } from './allow.ts'

/** Asked of those that `controllers` lets in. */
export function refuseForward({ forward = false }: Pick<Rules, 'forward'>, port: number): Refusal | undefined {
  if (forward === true) return undefined
  if (forward === false) return { rule: 'forward', why: 'lets no port be reached' }
  const isNamed = forward.map(portsIn).some(range => range != null && range.first <= port && port <= range.last)
  return isNamed ? undefined : { rule: 'forward', why: `does not name port ${port}` }
}
