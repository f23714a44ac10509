/** Asks a tool of bak's own whether it works here with some options, as a member does when it joins. */
import { findTool } from '../../node/tools/index.ts'
import { settingsOf } from '../../node/tools/settings-of.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'

/** @throws {BakError} `usage` for options that it does not have */
export async function checkTool(name: string, options: ToolOptions): Promise<Availability> {
  const tool = findTool(name, options)
  settingsOf(tool, options)
  return tool.check(options)
}
