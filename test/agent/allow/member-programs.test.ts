/** How the programs of a run are treated on a member: whose word each of them is. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { programsOf } from '../../../node/agent/allow/member-programs.ts'
import type { ProgramOfRun } from '../../../node/processes/programs.ts'
import type { RunProgramsInit } from '../../../node/processes/run-programs.ts'
import type { Spec } from '../../../protocols/spec.ts'

const treatments = suite('the programs of a run')
const typed: Spec['tool'] = {
  mine: { command: ['sleep'], options: ['9'] },
  pidstat: { options: ['-e', 'x'] },
  bpftrace: { program: 'BEGIN { exit(); }' }
}
const table: Array<
  [title: string, controller: string, name: string, argv: string[], treated: string, brought?: string[]]
> = [
  ['of another peer', 'c', 'mine', ['sleep', '9'], 'apart'],
  ['of another peer, though its words are privileged', 'c', 'p', ['perf', '-a'], 'privileged'],
  ['that the owner typed', 'self', 'mine', ['sleep', '9'], 'owner'],
  ['of an own run that somebody registered here', 'self', 'registered', ['evil'], 'apart'],
  ['of an own run under the name of what the owner typed', 'self', 'mine', ['evil', '9'], 'apart'],
  ['that an option runs which another peer gave', 'c', 'pidstat', ['pidstat', '-e', 'x', '1'], 'apart', ['-e', 'x']],
  ['that an option runs which the owner typed', 'self', 'pidstat', ['pidstat', '-e', 'x', '1'], 'owner', ['-e', 'x']],
  [
    'that an option runs which somebody registered here',
    'self',
    'pidstat',
    ['pidstat', '-e', 'y', '1'],
    'apart',
    ['-e', 'y']
  ],
  [
    'whose text is an option of a tool that another peer gave',
    'c',
    'bpftrace',
    ['bpftrace', '-e', 'BEGIN { exit(); }'],
    'apart',
    ['--program=BEGIN { exit(); }']
  ],
  [
    'whose text is an option of a tool that the owner typed',
    'self',
    'bpftrace',
    ['bpftrace', '-e', 'BEGIN { exit(); }'],
    'owner',
    ['--program=BEGIN { exit(); }']
  ],
  [
    'whose text is another one than the owner typed',
    'self',
    'bpftrace',
    ['bpftrace', '-e', 'BEGIN { cat("/etc/shadow"); }'],
    'apart',
    ['--program=BEGIN { cat("/etc/shadow"); }']
  ],
  ['of an own run that is privileged', 'self', 'p', ['perf', '-a'], 'privileged']
]
for (const [title, controller, name, argv, treated, brought = argv] of table) {
  treatments(`a program ${title} is treated as ${treated}`, async () => {
    let init: RunProgramsInit | undefined
    const guards = {
      forRun(given: RunProgramsInit) {
        init = given
        return { spawn: () => assert.unreachable() as never, enterTyped: () => [], end: async () => [] }
      }
    }
    const isPrivileged = async ([program]: string[]) => program === 'perf'
    programsOf(
      { run: 'r', controller, data: '/d', offer: { spec: { tool: typed } } },
      { guards, self: 'self', isPrivileged }
    )
    assert.is(await init?.treatmentOf({ name, argv, brought, folder: '/d', stdout: '/o', stderr: '/e' }), treated)
    assert.is(init?.isOwn, controller === 'self')
  })
}
const work = { folder: '/w', env: {}, prepare: () => assert.unreachable() as never }
const brought: Array<[title: string, controller: string, change: object, treated: string]> = [
  ['of an own run', 'self', { work }, 'owner'],
  ['of another peer that is privileged', 'c', { work }, 'privileged'],
  ['of another peer that is privileged, with variables', 'c', { work: { ...work, env: { A: 'b' } } }, 'apart'],
  [
    'of another peer that is privileged, in a folder of its choice',
    'c',
    { work: { ...work, directory: '/x' } },
    'apart'
  ],
  ['of another peer beside a workload', 'c', { beside: {} }, 'apart']
]
for (const [title, controller, change, treated] of brought) {
  treatments(`a workload ${title} is treated as ${treated}`, async () => {
    let init: RunProgramsInit | undefined
    const forRun = (given: RunProgramsInit) => {
      init = given
      return { spawn: () => assert.unreachable() as never, enterTyped: () => [], end: async () => [] }
    }
    const isPrivileged = async ([program]: string[]) => program === 'perf'
    const member = { run: 'r', controller, data: '/d', offer: { spec: { tool: {} } } }
    programsOf(member, { guards: { forRun }, self: 'self', isPrivileged })
    assert.is(
      await init?.treatmentOf({ name: 'w', argv: ['perf'], brought: ['perf'], ...change } as ProgramOfRun),
      treated
    )
  })
}
treatments.run()
