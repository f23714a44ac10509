/** Mistakes with the command of `bak run` that are told before anything starts, with the line that was meant. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { BakError } from '../protocols/errors.ts'
import { formatCommand } from './format.ts'

/** @throws {BakError} `usage` for words without `--` before them that are a command and no run file */
export function refuseCommandAsFile(words: string[]): void {
  const [file = '', ...more] = words
  const instead = `a command comes after --: bak run -- ${formatCommand(words)}`
  if (more.length > 0) throw new BakError('usage', `at most one run file; ${instead}`)
  if (file.endsWith('.toml')) return
  if (!existsSync(file)) throw new BakError('usage', `there is no run file ${file}; ${instead}`)
  if (isProgram(file)) throw new BakError('usage', `${file} is a program and no run file; ${instead}`)
}

/** @throws {BakError} `usage` for a line of the shell in one word, which no program is called */
export function refuseShellLine(command: string[], directory: string, call = 'bak run'): void {
  const [line = '', ...more] = command
  if (more.length > 0 || !/[\s|&;<>()$`*?]/.test(line) || existsSync(resolve(directory, line))) return
  const words = /[|&;<>()$`*?\\'"]/.test(line) ? '' : `, or as words of their own: ${call} -- ${line.trim()}`
  throw new BakError(
    'usage',
    `${formatCommand([line])} is one word, and no program is called so; a line of the shell is: ${call} -- sh -c ${formatCommand([line])}${words}`
  )
}

/** @throws {BakError} `usage` if the folder was removed */
export function currentFolder(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new BakError('usage', 'the current folder does not exist any more: change to another', { cause })
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
