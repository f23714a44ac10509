/** Jobs of a run file are the same in the effective spec, in spec.toml and in messages. */
import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { decode, encode } from '../../../protocols/codec.ts'
import { checkSpec, readRunFile, writeRunFile } from '../../../protocols/run-file.ts'
import { type SpecInput, spec } from '../../../protocols/spec.ts'

const test = suite('jobs of a spec')

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@#-]{0,8}$/)
const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter(text => !text.includes('\0'))
const scriptText = line.filter(text => text.trim() !== '')
const variables = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,5}$/), line, { maxKeys: 3 })
const condition = fc.record(
  { label: line, env: fc.oneof(fc.stringMatching(/^[A-Z][A-Z0-9]{0,5}$/), variables) },
  { requiredKeys: [] }
)
const phases = fc.dictionary(fc.stringMatching(/^[a-z][A-Za-z0-9._-]{0,8}$/), scriptText, { minKeys: 1, maxKeys: 5 })
const program = fc.oneof(
  fc.record({ script: scriptText }),
  fc.record({ command: fc.array(line, { minLength: 1, maxLength: 4 }) }),
  fc.record({ phases })
)
const others = fc.record(
  {
    when: condition,
    env: variables,
    outputs: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}\/?$/), {
      maxLength: 4,
      selector: path => path.replace(/\/$/, '')
    }),
    on: line,
    cores: fc.nat(64),
    memory: fc.oneof(fc.nat(), fc.constantFrom('512MiB', '1.5GiB', '0.3KiB', '2TiB')),
    platform: fc.constantFrom('linux-x64', 'linux-arm64'),
    slots: fc.integer({ min: 1, max: 9 }),
    timeout: fc.oneof(fc.nat(1_000), fc.constantFrom('90s', '5m', '2h')),
    retries: fc.nat(100),
    image: fc.constantFrom('gcc:14', 'docker.io/library/alpine@sha256-1')
  },
  { requiredKeys: [] }
)

/** A need of an earlier job, as a name, as a table, or by an input. */
const someJobs = fc
  .array(fc.tuple(program, others, fc.array(fc.tuple(fc.nat(), fc.nat(2), condition), { maxLength: 3 })), {
    minLength: 1,
    maxLength: 6
  })
  .map(rows =>
    rows.map(([runs, keys, edges], i) => {
      const needed = i === 0 ? [] : edges.map(([n, how, when]) => ({ job: `j${n % i}`, how, when }))
      return {
        name: `j${i}`,
        ...runs,
        ...keys,
        needs: needed.filter(({ how }) => how < 2).map(({ job, how, when }) => (how === 0 ? job : { job, when })),
        inputs: [
          ...needed.filter(({ how }) => how === 2).map(({ job }, k) => ({ job, as: `in${k}/` })),
          { path: 'deep/src/', as: 'source/' },
          'Makefile',
          { url: 'https://example.org/x.tgz', sha256: 'a'.repeat(64) }
        ]
      }
    })
  )
const someSpec = fc.record(
  {
    job: someJobs,
    jobs: fc.record(
      { env: variables, fail_fast: fc.boolean(), cache: fc.boolean(), lines: fc.nat(64) },
      { requiredKeys: [] }
    ),
    samples: fc.integer({ min: 1, max: 3 }),
    name: word
  },
  { requiredKeys: ['job'] }
)

test('any of a run file are the same behind spec.toml, and behind a message', () => {
  fc.assert(
    fc.property(someSpec, given => {
      const file = readRunFile(stringify(given), 'run.toml')
      const effective = checkSpec(file)
      assert.equal(checkSpec(given as SpecInput), effective)
      assert.equal(checkSpec(readRunFile(writeRunFile(effective), 'spec.toml')), effective)
      assert.equal(decode(spec, encode(effective)), effective)
      assert.equal(v.parse(spec, effective), effective)
    }),
    { numRuns: 100 }
  )
})

test('phases stay in the order of the file', () => {
  const text = '[[job]]\nname = "a"\n[job.phases]\nunpack = "x"\nbuild = "y"\n"1a" = "z"\nall = "w"\n'
  const written = writeRunFile(checkSpec(readRunFile(text, 'f')))
  const { job } = checkSpec(readRunFile(written, 'spec.toml'))
  assert.equal(
    job[0]?.phases?.map(({ name }) => name),
    ['unpack', 'build', '1a', 'all']
  )
})

const refused: Array<[string, string]> = [
  ['phases = {}', 'f:3: job.0.phases: expected a table of phases, each a script'],
  ['phases = { 1 = "x" }', 'f:3: job.0.phases: expected a table of phases, each a script'],
  ['phases = { constructor = "x" }', 'f:3: job.0.phases: expected a table of phases, each a script'],
  ['script = " \\n"', 'f:3: job.0.script: a script has more than white space'],
  ['outputs = ["../x"]', 'f:3: job.0.outputs.0: expected a path without .. that begins with no slash'],
  ['outputs = ["./x/y"]', 'f:3: job.0.outputs.0: "./x/y" is not a plain relative path: write "x/y"'],
  ['outputs = ["."]', 'f:3: job.0.outputs.0: "." is not a plain relative path'],
  ['outputs = ["a\\u0007"]', 'f:3: job.0.outputs.0: "a\\u0007" has a character that a terminal would obey'],
  ['outputs = ["/x"]', 'f:3: job.0.outputs.0: expected a path without .. that begins with no slash'],
  ['memory = "8GB"', 'f:3: job.0.memory: expected bytes, or a size such as 512MiB or 8GiB'],
  ['needs = [3]', 'f:3: job.0.needs.0: a need is the name of a job, or { job = "NAME", when = { ... } }'],
  ['env = { BAK_X = "1" }', 'f:3: job.0.env.BAK_X: variables that begin with BAK_ are set by bak'],
  ['slots = 0', 'f:3: job.0.slots: expected >= 1, got 0'],
  ['shebang = "sh"', 'f:3: job.0.shebang: expected a line such as #!/bin/sh -e'],
  ['rol = "setup"', 'f:3: job.0.rol: is not a known key; did you mean role?']
]
for (const [key, message] of refused)
  test(`${key} is refused with its line`, () => {
    const runs = /^(phases|script)/.test(key) ? '' : 'script = "x"\n'
    try {
      readRunFile(`[[job]]\nname = "a"\n${key}\n${runs}`, 'f')
    } catch (error) {
      return assert.is((error as Error).message, message)
    }
    throw new Error('nothing was wrong')
  })

test.run()
