/** How a spec says where the numbers of a benchmark are. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { checkSpec, readRunFile, writeRunFile } from '../../protocols/run-file.ts'
import { resultsOf } from '../../protocols/workload.ts'
import { RESULT_READERS } from '../../protocols/workload-results.ts'

/** @returns the spec of a run file with these results of its command, and of a server beside it */
const specWith = (results: string) =>
  checkSpec(
    readRunFile(
      `command = ["true"]\nresults = ${results}\n[[workload]]\nname = "s"\nrole = "server"\ncommand = ["x"]\nresults = ${results}\n`,
      'a.toml'
    )
  )

const right: Array<[string, unknown]> = [
  ['"none"', 'none'],
  ['"fio"', [{ reader: 'fio' }]],
  ['{ reader = "hyperfine", file = "h.json" }', [{ reader: 'hyperfine', file: 'h.json' }]],
  ['["fio", { reader = "perf-stat" }]', [{ reader: 'fio' }, { reader: 'perf-stat' }]]
]
for (const [text, results] of right) {
  test(`results = ${text} is read, and read again from the effective spec`, () => {
    const spec = specWith(text)
    assert.equal([spec.results, spec.workload[0]?.results], [results, results])
    assert.equal(checkSpec(readRunFile(writeRunFile(spec), 'spec.toml')), spec)
  })
}

const names = new RegExp(`a.toml:2: results: .* the readers are ${RESULT_READERS.join(', ')}\n`)
const wrong: Array<[string, RegExp]> = [
  ['"fi"', names],
  ['5', names],
  ['[]', names],
  ['{ reader = "no" }', names],
  [
    '{ reader = "fio", file = "../x" }',
    /a.toml:2: results.file: a file is named from BAK_OUT, and is in no folder there/
  ],
  ['{ reader = "fio", file = "a/b" }', /results.file: /],
  ['{ reader = "fio", files = "a" }', names]
]
for (const [text, message] of wrong) {
  test(`results = ${text} is a mistake of its line`, () => assert.throws(() => specWith(text), message))
}

test('clients without results of their own have those of the run, and servers none', () => {
  const usual = [{ reader: 'fio' as const }]
  assert.equal(resultsOf({ role: 'client' }, { results: usual }), usual)
  assert.is(resultsOf({ role: 'client' }, {}), undefined)
  assert.is(resultsOf({ role: 'client', results: 'none' }, { results: usual }), 'none')
  assert.is(resultsOf({ role: 'server' }, { results: usual }), 'none')
  assert.equal(resultsOf({ role: 'server', results: usual }, {}), usual)
})

test.run()
