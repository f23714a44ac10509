import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withLines } from '../../cli/run-file-lines.ts'
import { BakError } from '../../protocols/errors.ts'

const test = suite('lines of a run file in errors of the daemon')
const text = `name = "x"

stage = [
  "data/a.txt",
  'odd "b".txt',
]

[[workload]]
name = "s"
role = "server"
command = ["sleep", "9"]

[[job]]
name = "a"
inputs = ["src", { path = "lib/z.c", as = "z.c" }]
`
const said = (message: string) => withLines(new BakError('usage', message), { file: '/r/run.toml', text }).message

const cases: Array<[title: string, message: string, line: number | undefined]> = [
  ['a key of a workload', 'workload.0.command: x', 11],
  ['all workloads together', 'workload: there are servers only', 8],
  ['an input of a job', 'job.0.inputs.1: x', 15],
  [
    'a file that is an input of a job',
    'input lib/z.c of job a: cannot stage /r/lib/z.c: no such file or directory',
    15
  ],
  ['a file that cannot be staged', 'cannot stage /r/data/a.txt: no such file or directory', 4],
  ['one whose name has quotes', 'cannot stage /r/odd "b".txt: no such file or directory', 5],
  ['one that a flag named', 'cannot stage /elsewhere/data/a.txt: no such file', undefined],
  ['anything else', 'draining', undefined]
]
for (const [title, message, line] of cases)
  test(`${title} ${line == null ? 'has none' : 'has its own'}`, () =>
    assert.is(said(message), line == null ? message : `/r/run.toml:${line}: ${message}`))

test.run()
