/** What programs print of files that are no text, before it is read into series. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convertFiles } from '../../../node/agent/series/convert-files.ts'
import type { FoundFile } from '../../../node/agent/series/find-files.ts'
import { createWorkspace, type Workspace } from '../../helpers/workspace.ts'
import { codeOf, scratch } from '../../store/scratch.ts'

const test = suite('files that a program prints')
const never = new AbortController().signal
let workspace: Workspace
test.before(() => {
  workspace = createWorkspace('convert')
})
test.after(() => workspace.close())

function found(convert?: FoundFile['convert']): FoundFile {
  const path = join(scratch(), 'binary')
  writeFileSync(path, 'x')
  const about = { tool: 'sar', file: 'binary', options: {}, interval: 1, began: 1 }
  return {
    ...{ path, shown: 'tools-default/sar/binary', about, reader: { tool: 'sar', at: 0 } },
    ...(convert && { convert })
  }
}

const convert = (files: FoundFile[], { time = 10_000, signal = never } = {}) => {
  const folder = scratch()
  return convertFiles(files, { supervisor: workspace.supervisor, folder, time, signal })
}

test('what is no text is read as it was printed, in UTC and one language; all else as it is', async () => {
  const text = found()
  const { files, remarks } = await convert([
    text,
    found(path => ['sh', '-c', `echo $TZ $LC_ALL $(cat ${path}) $(awk '{print $19}' /proc/self/stat)`])
  ])
  assert.equal(remarks, [])
  assert.is(files[0]?.path, text.path)
  assert.match(readFileSync(files[1]?.path as string, 'utf8'), /^UTC C x \d+\n$/)
  assert.is(files[1]?.shown, 'tools-default/sar/binary')
})

test('a program that fails or is not there is named with what it said, and what it printed is read', async () => {
  const { files, remarks } = await convert([
    found(() => ['sh', '-c', 'echo half; echo no such activity >&2; exit 2']),
    found(() => ['bak-has-no-such-program'])
  ])
  assert.is(remarks[0]?.why, 'sh ended with exit 2: no such activity')
  assert.match(remarks[1]?.why ?? '', /^bak-has-no-such-program could not be started: /)
  assert.is(readFileSync(files[0]?.path as string, 'utf8'), 'half\n')
})

test('a program that takes too long is ended', async () => {
  const { remarks } = await convert([found(() => ['sleep', '600'])], { time: 100 })
  assert.equal(remarks, [{ file: 'tools-default/sar/binary', why: 'sleep took too long: not all of it is read' }])
})

test('an abort ends the program', async () => {
  const over = new AbortController()
  setTimeout(() => over.abort(new Error('enough')), 100)
  const file = found(path => ['sh', '-c', `sleep 600; touch ${path}.late`])
  assert.is.not(await codeOf(convert([file], { signal: over.signal })), 'none')
  assert.not(existsSync(`${file.path}.late`))
})

test.run()
