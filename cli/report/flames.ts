/** Folded stacks of `perf record` for the flame graphs: read from the folder of the result, and cut down to what can be seen. */
import { join } from 'node:path'
import { FOLDED_FILE, parseResultPath, stepFolder } from '../../protocols/layout.ts'
import { readPlain } from '../../protocols/plain-file.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Block } from './block.ts'
import type { Unread } from './member-index.ts'
import type { FlameText } from './report-data.ts'

/** Of one file that is read. */
const MAX_FILE_BYTES = 64 * 1024 * 1024
/** Graphs on one page, and bytes of stacks of all of them. */
const MAX_FLAMES = 256
const MAX_TEXT_BYTES = 12 * 1024 * 1024
/** Characters of a stack: a recursion that goes deeper is cut at its top. */
const MAX_STACK = 16 * 1024

/** @param unread gets each that is not on the page */
export async function addFlames(
  folder: string,
  record: RunRecord,
  block: Block,
  unread: Unread[]
): Promise<FlameText[]> {
  const paths = Object.keys(record.files ?? {}).filter(path => path.endsWith(`/${FOLDED_FILE}`))
  const flames: FlameText[] = []
  const most = Math.floor(MAX_TEXT_BYTES / Math.max(1, Math.min(MAX_FLAMES, paths.length)))
  for (const [at, path] of paths.entries()) {
    const parsed = parseResultPath(path)
    if (parsed?.kind !== 'tools' && parsed?.kind !== 'persistent') continue
    const member = record.roster.findIndex(({ name }) => name === parsed.member)
    if (member < 0) continue
    if (at >= MAX_FLAMES) {
      unread.push([parsed.member, path, `this page has room for ${MAX_FLAMES} flame graphs`])
      continue
    }
    const bytes = record.files?.[path]?.bytes ?? 0
    if (bytes > MAX_FILE_BYTES) {
      unread.push([parsed.member, path, `${bytes} bytes of stacks are too many for this page`])
      continue
    }
    try {
      const stacks = largestStacks((await readPlain(join(folder, path))).toString(), most)
      if (stacks === '') continue
      const sample = parsed.kind === 'tools' ? `${stepFolder(parsed.step)}, ` : ''
      const [tool = ''] = parsed.rest.split('/')
      flames.push({ member, title: `${sample}${tool}`, unit: 'samples', ...block.addText(stacks) })
    } catch (cause) {
      unread.push([parsed.member, path, (cause as Error).message])
    }
  }
  return flames
}

/** @param text lines `a;b;c 12` @returns those that were seen most, in at most so many characters; the rest is in a line `(other) n` */
export function largestStacks(text: string, most: number): string {
  const stacks = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, stack, count] = /^(.+) (\d{1,15})$/.exec(line) ?? []
    if (stack == null) continue
    const cut = stack.slice(0, MAX_STACK)
    stacks.set(cut, (stacks.get(cut) ?? 0) + Number(count))
  }
  const lines: string[] = []
  let [room, other] = [most, 0]
  for (const [stack, count] of [...stacks].sort(([, a], [, b]) => b - a)) {
    const line = `${stack} ${count}`
    if (line.length + 1 > room) other += count
    else {
      lines.push(line)
      room -= line.length + 1
    }
  }
  if (other > 0) lines.push(`(other) ${other}`)
  return lines.join('\n')
}
