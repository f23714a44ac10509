/** Which line of a program's stderr is its error. */
import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { errorLineIn, errorLineOf } from '../../node/processes/error-line.ts'
import { createWorkspace } from '../helpers/workspace.ts'

const test = suite('the line that says why a program failed')

const table: Array<[title: string, text: string, line: string]> = [
  ['is the only line', 'no such device\n', 'no such device'],
  [
    'stands before a usage text',
    'tool: unrecognized option: --frob\nUsage: tool [-a] [-b]\n  -a  all\n  -b  both\nReport bugs to <x@y>\n',
    'tool: unrecognized option: --frob'
  ],
  [
    'stands before a usage text whose lines speak of errors',
    "sar: invalid option -- 'Z'\nUsage: sar [ options ]\nOptions are:\n[ -e error ]\n",
    "sar: invalid option -- 'Z'"
  ],
  [
    'stands between other lines',
    'starting\nopening eth9\neth9: No such device exists\nbye\n',
    'eth9: No such device exists'
  ],
  ['is the last one where none names an error', 'starting\nstopped by hand\n\n', 'stopped by hand'],
  ['is not the hint to a help text', 'x: cannot open y\nTry x --help for more.\n', 'x: cannot open y'],
  ['is nothing where there is only a usage text', 'usage: x [-a]\n', ''],
  ['is nothing where nothing was written', '\n\n', '']
]
for (const [title, text, line] of table) test(title, () => assert.is(errorLineOf(text), line))
test('is cut where it is very long', () => assert.is(errorLineOf(`error ${'x'.repeat(5_000)}`).length, 200))

test('a link or a pipe that a program put in the place of its stderr is not opened', async () => {
  const { folder, close } = createWorkspace('error-line')
  const path = (name: string) => join(folder, name)
  writeFileSync(path('secret'), 'error: of the owner\n')
  symlinkSync(path('secret'), path('link'))
  execFileSync('mkfifo', [path('pipe')])
  assert.equal(await Promise.all(['secret', 'link', 'pipe', 'none'].map(name => errorLineIn(path(name)))), [
    'error: of the owner',
    '',
    '',
    ''
  ])
  await close()
})
test.run()
