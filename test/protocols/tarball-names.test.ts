import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseResultPath } from '../../protocols/layout.ts'
import { PERSISTENT_TOOLS, tarballOf } from '../../protocols/tarball-names.ts'

const test = suite('the names of tarballs')

const cases: Array<[path: string, expected: ReturnType<typeof tarballOf>]> = [
  ['sysinfo/begin/b', { kind: 'sysinfo', what: 'sysinfo begin' }],
  ['sysinfo/end/b/cpu.json', { kind: 'sysinfo', what: 'sysinfo end' }],
  ['tools-default/b', { kind: 'tools', what: PERSISTENT_TOOLS }],
  ['tools-db/b/pcp/0.xz', { kind: 'tools', what: PERSISTENT_TOOLS }],
  ['1-x/sample2/tools-default/b', { kind: 'sample', what: '1-x/sample2' }],
  ['1-x/warmup1/workload/b/stdout.txt', { kind: 'sample', what: '1-x/warmup1' }],
  ['run.json', undefined],
  ['collectors/pcp/b', undefined],
  ['nothing/of/a/result', undefined]
]
for (const [path, expected] of cases)
  test(`${path} comes with ${expected?.what ?? 'no tarball of a member'}`, () =>
    assert.equal(tarballOf(parseResultPath(path)), expected))

test.run()
