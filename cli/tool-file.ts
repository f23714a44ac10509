/** `--tool-file NAME.toml`: a tool of a person's own, which the run brings to its members. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { BakError, whyOf } from '../protocols/errors.ts'
import type { ToolOptions } from '../protocols/tool-options.ts'
import { commandWords, MAX_TOOL_FILE, readUserTool, toolNameOf } from '../protocols/user-tool.ts'

type Tools = Record<string, ToolOptions>

/** Repeatable. @throws {BakError} `bad-run-file` with a line for every mistake in the file */
export function parseToolFile(path: string, before: Tools = {}): Tools {
  const name = toolNameOf(basename(path))
  if (name == null) throw new InvalidArgumentError('It is not NAME.toml with the name of a tool.')
  const { settings, command, ...tool } = readUserTool(textOf(path), path, 'bad-run-file')
  if (settings != null)
    throw new BakError(
      'bad-run-file',
      `${path}: settings: are for a file of tools.d; here the command has their values`
    )
  return { ...before, [name]: { ...tool, command: commandWords(command) } }
}

function textOf(path: string): string {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length <= MAX_TOOL_FILE) return text
  } catch (cause) {
    throw new BakError('usage', `cannot read ${path}: ${whyOf(cause)}`, { cause })
  }
  throw new BakError('bad-run-file', `${path}: has more than ${MAX_TOOL_FILE} bytes`)
}
