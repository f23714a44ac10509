/** Which errors of requests end a run. Pure. */
import type { Load } from './task.ts'

/**
 * `continue` goes on unless a target cannot be reached, `abort` ends at any error, `continue-on-network` at none. A task that ignores its errors
 * ends nothing.
 */
export function endsRun(
  { isNetwork = false }: { isNetwork?: boolean | undefined },
  onError: Load['on_error'],
  ignoresErrors: boolean
): boolean {
  if (ignoresErrors || onError === 'continue-on-network') return false
  return isNetwork || onError === 'abort'
}
