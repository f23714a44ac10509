/** Why a job has failed, by how its program ended and by what it said of itself. Pure. */
import type { Exit } from '../../processes/supervisor.ts'

interface Facts extends Pick<Exit, 'exit' | 'signal'> {
  timedOut: boolean
  /** The words of its first line `#BAK:STATE ERR`. */
  stated: string | undefined
  /** Why it was ended here, by none of its own doing. */
  ended: string | undefined
}

/** @param timeout seconds @returns undefined for one that has not failed */
export function whyFailed({ exit, signal, timedOut, stated, ended }: Facts, timeout: number): string | undefined {
  if (timedOut) return `took longer than ${timeout} s`
  if (ended != null) return ended
  const how = signal == null ? (exit === 0 ? undefined : `exit ${exit}`) : `ended by ${signal}`
  return [how, stated].filter(each => each != null).join(': ') || undefined
}
