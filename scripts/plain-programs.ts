/** Starts the programs of tools as they are, without what keeps them apart from a daemon. */
import { chosenEnvironment } from '../node/processes/environment.ts'
import type { Programs } from '../node/processes/programs.ts'
import type { Supervisor } from '../node/processes/supervisor.ts'

export function plainPrograms(supervisor: Supervisor): Programs {
  return {
    async spawn({ argv, folder, stdout, stderr }) {
      const env = chosenEnvironment({ home: folder })
      const supervised = await supervisor.spawn({ argv, cwd: folder, env, stdout, stderr })
      return { ...supervised, reason: () => undefined, collect: async () => [] }
    },
    enterTyped: () => [],
    end: async () => []
  }
}
