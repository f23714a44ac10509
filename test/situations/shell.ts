/** A line of the shell, as a person at the daemon n1 types it. */
import { spawn } from 'node:child_process'
import { BAK } from '../../testnets/programs.ts'
import { type Finished, finished, type Testnet } from '../helpers/mesh.ts'

export const QUIET = ['--tools', 'none', '--sysinfo', 'none', '--no-progress']

/** Runs a line in the folder of the testnet: `$BAK` is the program, `$R` a run without tools. */
export const shell = (net: Testnet, line: string): Promise<Finished> =>
  finished(
    spawn('sh', ['-c', line], {
      cwd: net.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BAK, BAK_HOME: net.peer('n1').home, R: `run ${QUIET.join(' ')}` }
    })
  )
