/** Run files whose jobs cannot be: refused with the line of the key that is to be changed, before any peer is asked. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkSpec, readRunFile } from '../../../protocols/run-file.ts'

const test = suite('conflicts of jobs')

/** A job of one line for each key, its header being line `at`. */
const job = (name: string, ...keys: string[]) => `[[job]]\nname = "${name}"\n${keys.map(key => `${key}\n`).join('')}`
const done = (name: string, ...keys: string[]) => job(name, 'script = "true"', ...keys)

const wrong: Array<[title: string, file: string, message: string | RegExp]> = [
  ['two jobs of one name', done('a') + done('b') + done('a'), 'f:8: job.2.name: a is the name of another job'],
  ['a job that runs nothing', job('a'), 'f:1: job.0: has one of command, script and phases, and not none'],
  [
    'a job that runs two things',
    job('a', 'script = "x"', 'command = ["x"]'),
    'f:1: job.0: has one of command, script and phases, and not command and script'
  ],
  ['a job that needs itself', done('a', 'needs = ["a"]'), 'f:4: job.0.needs.0: a needs itself'],
  [
    'a job that needs itself by an input',
    done('a', 'outputs = ["x"]', 'inputs = [{ job = "a" }]'),
    'f:5: job.0.inputs.0.job: a needs itself'
  ],
  [
    'an unknown need with a near name',
    done('lib') + done('app', 'needs = ["lbi"]'),
    'f:7: job.1.needs.0: there is no job lbi; did you mean lib?'
  ],
  [
    'an unknown need with no near name',
    done('lib') + done('app', 'needs = [{ job = "zzzzzz" }]'),
    'f:7: job.1.needs.0: there is no job zzzzzz; there are lib, app'
  ],
  [
    'an unknown need among many',
    Array.from({ length: 20 }, (_, i) => done(`j${i}`)).join('') + done('app', 'needs = ["zzzzzz"]'),
    'f:64: job.20.needs.0: there is no job zzzzzz among 21'
  ],
  [
    'a circle',
    done('top', 'needs = ["a"]') + done('a', 'needs = ["b"]') + done('b', 'needs = ["c"]') + done('c', 'needs = ["a"]'),
    'f:8: job.1.needs: is a circle: a needs b needs c needs a'
  ],
  [
    'a circle through an input and a condition',
    done('a', 'inputs = [{ job = "b" }]') +
      done('b', 'outputs = ["x"]', 'needs = [{ job = "a", when = { env = "CI" } }]'),
    'f:1: job.0.needs: is a circle: a needs b needs a'
  ],
  [
    'a circle of hundreds, of which the begin and the end are shown',
    Array.from({ length: 100 }, (_, i) => done(`j${i}`, `needs = ["j${(i + 1) % 100}"]`)).join(''),
    /^f:4: job\.0\.needs: is a circle: j0 needs j1 needs .* needs j29 needs \.\.\. needs j0$/
  ],
  [
    'a job of the work that needs one of the report',
    done('a', 'needs = ["b"]') + done('b', 'role = "report"'),
    'f:4: job.0.needs.0: b is of the role report, which runs behind work'
  ],
  [
    'a job of the setup that needs one of the work',
    done('a', 'role = "setup"', 'needs = ["b"]') + done('b'),
    'f:5: job.0.needs.0: b is of the role work, which runs behind setup'
  ],
  [
    'a job of the report that needs one of the work',
    done('a') + done('b', 'role = "report"', 'needs = ["a"]'),
    'f:8: job.1.needs.0: a is of the role work, which runs in each sample: an input of the result, { result = "..." }, has what there is of it'
  ],
  ['an output twice', done('a', 'outputs = ["x", "y", "x/"]'), 'f:4: job.0.outputs.2: x is there twice'],
  [
    'an output in another',
    done('a', 'outputs = ["lib/x/y", "lib"]'),
    'f:4: job.0.outputs.0: lib/x/y is in lib, which is an output already'
  ],
  [
    'an input of an unknown output',
    done('lib', 'outputs = ["lib.a", "include"]') + done('app', 'inputs = [{ job = "lib", output = "lib.so" }]'),
    'f:8: job.1.inputs.0.output: there is no output of lib called lib.so; did you mean lib.a?'
  ],
  [
    'an input of a job without outputs',
    done('lib') + done('app', 'inputs = [{ job = "lib", output = "lib.so" }]'),
    'f:7: job.1.inputs.0.output: there is no output of lib called lib.so: there is none at all'
  ],
  [
    'two inputs in one place',
    done('app', 'inputs = ["a/x", { path = "/y", as = "a/x" }]'),
    'f:4: job.0.inputs: /y and a/x would both be at a/x: move one with as'
  ],
  [
    'an input where the output of a need is',
    done('lib', 'outputs = ["x"]') + done('app', 'needs = ["lib"]', 'inputs = ["lib/x"]'),
    'f:9: job.1.inputs: lib/x and x of lib would both be at lib/x: move one with as'
  ],
  [
    'an input within another',
    done('lib', 'outputs = ["x"]') + done('app', 'needs = ["lib"]', 'inputs = ["lib"]'),
    'f:9: job.1.inputs: x of lib would be at lib/x, in lib: move one with as'
  ],
  [
    'an input that has no name of its own',
    done('app', 'inputs = ["."]'),
    'f:4: job.0.inputs: . has no name of its own to be placed by: say it with as'
  ],
  [
    'an address without a last part',
    done('app', `inputs = [{ url = "https://example.org/", sha256 = "${'a'.repeat(64)}" }]`),
    'f:4: job.0.inputs: https://example.org/ has no name of its own to be placed by: say it with as'
  ],
  [
    'an address whose last part would lead up',
    done('app', `inputs = [{ url = "https://example.org/a%2f..%2fb", sha256 = "${'a'.repeat(64)}" }]`),
    /has no name of its own to be placed by/
  ],
  [
    'a part of the result before there is one',
    done('a', 'inputs = [{ result = "." }]'),
    'f:4: job.0.inputs.0.result: is of jobs of the role report: before them there is no result'
  ],
  [
    'a variable that is not allowed',
    `${done('a', 'env = { CC = "cc" }')}[jobs]\nallow_env = ["CFLAGS"]\nenv = { LANG = "C" }`,
    'f:4: job.0.env.CC: may not be set: jobs.allow_env has CFLAGS\nf:7: jobs.env.LANG: may not be set: jobs.allow_env has CFLAGS'
  ],
  [
    'phases of no shell',
    job('a', 'shebang = "#!/usr/bin/env python3"', '[job.phases]', 'one = "print(1)"'),
    'f:3: job.0.shebang: is of no shell, and phases are parts of a script of a shell: give it a script'
  ],
  [
    'an image of another system',
    done('a', 'image = "gcc:14"', 'platform = "darwin-arm64"'),
    'f:5: job.0.platform: an image runs on linux-* only, and not on darwin-arm64'
  ],
  ['what is for all jobs, and no job', '[jobs]\nfail_fast = true', 'f:1: jobs: is for jobs, and there is no [[job]]'],
  [
    'a command beside jobs',
    `command = ["x"]\n${done('a')}`,
    /^f:1: command: is given beside jobs, and jobs of the role work take its place: give them the role setup or report/
  ],
  [
    'a client beside jobs',
    `${done('a')}[[workload]]\nname = "c"\ncommand = ["x"]`,
    /^f:4: workload\.0: c is a client, and jobs of the role work take its place/
  ],
  [
    'words of a command beside jobs',
    `iterations = [{ name = "a", args = ["x"] }]\n${done('a')}`,
    'f:1: iterations.0.args: are words of a command, and there are jobs in its place'
  ],
  [
    'a trigger beside jobs',
    `[trigger]\nstart = "a"\nstop = "b"\n${done('a')}`,
    'f:1: trigger: a trigger reads the output of the command: there is none beside jobs'
  ],
  [
    'more jobs in all samples than a result can have',
    `samples = 10000\n${Array.from({ length: 11 }, (_, i) => done(`j${i}`)).join('')}`,
    'f:2: job: the run would have 110000 jobs in all its samples; 100000 are the most'
  ],
  [
    'an output to stage of an unknown job',
    `command = ["x"]\nstage_outputs = [{ job = "biuld", output = "x" }]\n${done('build', 'role = "setup"')}`,
    'f:2: stage_outputs.0.job: there is no job of the role setup biuld; did you mean build?'
  ],
  [
    'an output to stage of a job of the work',
    `stage_outputs = [{ job = "build", output = "x" }]\n${done('build', 'outputs = ["x"]')}`,
    'f:1: stage_outputs.0.job: there is no job of the role setup build: there is none at all'
  ],
  [
    'an output to stage that is none, and a workload that there is not',
    `command = ["x"]\nstage_outputs = [{ job = "build", output = "y", for = "c" }]\n${done('build', 'role = "setup"', 'outputs = ["x"]')}`,
    'f:2: stage_outputs.0.output: there is no output of build called y; there are x\nf:2: stage_outputs.0.for: there is no workload c: there is none at all'
  ],
  [
    'two things to stage in one place',
    `command = ["x"]\nstage = ["x"]\nstage_outputs = [{ job = "build", output = "bin/x" }]\n${done('build', 'role = "setup"', 'outputs = ["bin/x"]')}`,
    'f:3: stage_outputs.0: something else is staged at x already: say as'
  ]
]

for (const [title, file, message] of wrong)
  test(title, () => {
    try {
      readRunFile(file, 'f')
    } catch (error) {
      const said = (error as Error).message
      if (typeof message === 'string') assert.is(said, message)
      else assert.match(said, message)
      return
    }
    throw new Error('nothing was wrong')
  })

const right: Array<[title: string, file: string]> = [
  [
    'a chain over all roles',
    done('a', 'role = "setup"') +
      done('b', 'needs = ["a"]') +
      done('c', 'role = "report"', 'needs = ["a"]', 'inputs = [{ result = "." }]')
  ],
  [
    'setup and report around a command',
    `command = ["x"]\n${done('a', 'role = "setup"')}${done('b', 'role = "report"')}`
  ],
  ['servers beside jobs', `${done('a')}[[workload]]\nname = "s"\nrole = "server"\ncommand = ["x"]`],
  [
    'the same output as a need and as an input elsewhere',
    done('lib', 'outputs = ["x"]') +
      done('app', 'needs = ["lib"]', 'inputs = [{ job = "lib", output = "x", as = "y" }]')
  ],
  [
    'one output for two workloads each',
    `stage_outputs = [{ job = "b", output = "x", for = "c" }, { job = "b", output = "x", for = "d" }]\n${done('b', 'role = "setup"', 'outputs = ["x"]')}[[workload]]\nname = "c"\ncommand = ["x"]\n[[workload]]\nname = "d"\ncommand = ["x"]`
  ]
]
for (const [title, file] of right) test(title, () => assert.ok(checkSpec(readRunFile(file, 'f')).job.length > 0))

test('jobs of setup and report alone measure nothing', () => {
  assert.throws(
    () => checkSpec(readRunFile(done('a', 'role = "setup"'), 'f')),
    /go around what is measured, and there is nothing: add a command, a workload, a task, or a job of the role work$/
  )
})

test('a run of jobs needs one member by default, and any other run all', () => {
  const quorum = (file: string) => checkSpec(readRunFile(file, 'f')).policy.quorum
  assert.is(quorum(done('a')), 1)
  assert.is(quorum(`policy.quorum = "80%"\n${done('a')}`), '80%')
  assert.is(quorum(`policy.strict = true\n${done('a')}`), 1)
  assert.is(quorum(`command = ["x"]\n${done('a', 'role = "setup"')}`), 'all')
})

test('thousands of jobs that each need many others are checked in no time', () => {
  const names = Array.from({ length: 4_096 }, (_, i) => `j${i}`)
  const given = names.map((name, i) => ({
    name,
    script: 'true',
    outputs: ['x'],
    needs: names.slice(Math.max(0, i - 60), i)
  }))
  const before = performance.now()
  assert.is(checkSpec({ job: given }).job.length, 4_096)
  assert.ok(performance.now() - before < 10_000)
})

test('thousands of jobs that each need one that there is not are refused in no time', () => {
  const given = Array.from({ length: 4_096 }, (_, i) => ({ name: `job-${i}`, script: 'true', needs: [`jop-${i}`] }))
  const before = performance.now()
  assert.throws(() => checkSpec({ job: given }), /^job\.0\.needs\.0: there is no job jop-0; did you mean job-0\?\n/)
  assert.ok(performance.now() - before < 10_000)
})

test.run()
