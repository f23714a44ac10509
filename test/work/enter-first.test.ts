/** Which commands a shell may start in their place without a difference. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { enterFirst } from '../../node/work/command/enter-first.ts'

const test = suite('a command that enters its cgroup first')
let folder: string
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bak-enter-'))
  writeFileSync(join(folder, 'script'), '#!/bin/sh\necho "$$ $1"\n', { mode: 0o755 })
  writeFileSync(join(folder, 'none'), '#!/no/such/interpreter\n', { mode: 0o755 })
  writeFileSync(join(folder, 'bare'), 'echo no first line\n', { mode: 0o755 })
  writeFileSync(join(folder, 'data'), '#!/bin/sh\n', { mode: 0o644 })
  writeFileSync(join(folder, 'procs'), '')
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

const PATH = '/usr/bin:/bin'
const wordsOf = (argv: string[], more: { env?: Record<string, string>; enter?: string[] } = {}) =>
  enterFirst({ argv, cwd: folder, env: { PATH }, enter: [join(folder, 'procs')], ...more })

const table: Array<[argv: string[], isEntered: boolean]> = [
  [['sh', '-c', 'true'], true],
  [['/bin/sh', '-c', 'true'], true],
  [['./script', 'x'], true],
  [['data'], false],
  [['./none'], false],
  [['./bare'], false],
  [['./data'], false],
  [['./missing'], false],
  [[], false]
]
for (const [argv, isEntered] of table) {
  test(`${JSON.stringify(argv)} is ${isEntered ? 'started by a shell that enters' : 'started as it is'}`, async () => {
    const words = await wordsOf(argv)
    if (isEntered) assert.equal(words.slice(-argv.length), argv)
    assert.is(words.length > argv.length, isEntered)
  })
}

test('without a cgroup, and with a variable that a shell would drop, it is started as it is', async () => {
  const argv = ['sh', '-c', 'true']
  assert.equal(await wordsOf(argv, { enter: [] }), argv)
  assert.equal(await wordsOf(argv, { env: { PATH, 'my.var': 'x' } }), argv)
})

test('what enters is the process that becomes the command, with its words as they are', async () => {
  const [program = '', ...words] = await wordsOf(['./script', `a'"$x *`])
  const said = execFileSync(program, words, { cwd: folder, encoding: 'utf8' })
  assert.is(said, `${readFileSync(join(folder, 'procs'), 'utf8').trim()} a'"$x *\n`)
})

test('a cgroup that is gone hinders no command', async () => {
  const [program = '', ...words] = await wordsOf(['./script', 'x'], { enter: [join(folder, 'gone', 'procs')] })
  assert.match(execFileSync(program, words, { cwd: folder, encoding: 'utf8' }), /^\d+ x\n$/)
})

test.run()
