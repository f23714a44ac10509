/** The program of a tool that a run brings: its bundle has it in `bin/` or at the top, and its libraries in `lib/`. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findRunnable } from './find-program.ts'

/** Gives variables to the program alone: what starts it, perhaps as root, must load nothing that a run brings. */
const ENV = '/usr/bin/env'

/**
 * @param folder where the bundle is
 * @param path the PATH of the daemon
 * @returns the command line that starts the program, from the bundle if that has it
 */
export async function fromBundle(argv: string[], folder: string, path = process.env.PATH ?? ''): Promise<string[]> {
  const [name = '', ...words] = argv
  const folders = [join(folder, 'bin'), folder]
  const found = name.includes('/') ? undefined : await findRunnable(folders.map(each => join(each, name)))
  const lib = join(folder, 'lib')
  const variables = [
    `PATH=${[...folders, path].filter(each => each !== '').join(delimiter)}`,
    ...(existsSync(lib) ? [`LD_LIBRARY_PATH=${lib}`] : [])
  ]
  return [ENV, ...variables, found ?? name, ...words]
}
