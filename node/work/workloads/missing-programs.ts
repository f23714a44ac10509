/** Whether the programs of workloads are on this machine: asked when a member joins, so that nobody starts a run that cannot be measured. */
import { existsSync } from 'node:fs'
import { cutText } from '../../../protocols/fields.ts'
import type { Brought } from './brought.ts'

interface Machine {
  /** @returns the path of a program on the PATH */
  find(name: string): Promise<string | undefined>
  /** @returns the folder that is replaced for the program, in which it would not find this one */
  hides(folder: string, program: string): string | undefined
}

/**
 * What is named by a relative path is looked for in the working folder, which is not there yet.
 * @returns which is not there, in words; undefined if all are
 */
export async function missingPrograms(brought: Brought[], { find, hides }: Machine): Promise<string | undefined> {
  for (const { name, commands, ready, directory, isStaged } of brought) {
    if (directory != null && !existsSync(directory)) return cutText(`workload ${name}: there is no folder ${directory}`)
    const hiding = directory && commands.map(([program = '']) => hides(directory, program)).find(each => each != null)
    if (hiding)
      return cutText(
        `workload ${name}: its directory ${directory} is in ${hiding}, in the place of which programs of others have an empty folder here`
      )
    for (const [program = ''] of [...commands, ...(ready == null ? [] : [ready])]) {
      if (isStaged ? !program.startsWith('/') : program.includes('/') && !program.startsWith('/')) continue
      if ((await find(program)) != null) continue
      const where = program.includes('/') ? 'is not an executable file here' : 'not found on PATH'
      return cutText(`workload ${name}: ${program} ${where}`)
    }
  }
  return undefined
}
