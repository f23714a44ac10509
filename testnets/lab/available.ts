/** Whether this machine can run a laboratory. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Namespace } from './namespace.ts'
import { becomeRouter } from './routers.ts'
import { SOURCE } from './switch.ts'

const PROGRAMS = ['ip', 'nft', 'nsenter', 'tee', 'cc']

let reason: string | null | undefined

/**
 * @param more programs that are needed besides
 * @returns why not, or undefined if it can
 */
export function labMissing(more: string[] = []): string | undefined {
  reason ??= check() ?? null
  return reason ?? missingPrograms(more)
}

function check(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  if (!existsSync(SOURCE)) return 'a laboratory needs the source tree: its switch is compiled there'
  return missingPrograms(PROGRAMS) ?? tryOut()
}

function missingPrograms(programs: string[]): string | undefined {
  const missing = programs.filter(program => spawnSync(program, ['--version']).error != null)
  return missing.length > 0 ? `not on the PATH: ${missing.join(', ')}` : undefined
}

function tryOut(): string | undefined {
  let namespace: Namespace | undefined
  try {
    namespace = Namespace.make('probe')
    becomeRouter(namespace, 'symmetric')
    return undefined
  } catch (error) {
    return `no routers in namespaces here: ${(error as Error).message}`
  } finally {
    namespace?.remove()
  }
}
