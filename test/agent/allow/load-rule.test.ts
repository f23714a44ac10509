/** The owner's word on requests that clients of tasks send from this machine. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { refuseLoad } from '../../../node/agent/allow/load-rule.ts'
import { checkFlags } from '../../../node/config.ts'
import { originsOf } from '../../../protocols/tasks/operations-of.ts'
import { specOf } from '../../protocols/samples.ts'

const test = suite('the rule of targets')
const http = (url: string, more: object = {}) =>
  specOf({ command: undefined, task: [{ name: 't', operation: { type: 'http', url, ...more } }] })
const local = http('http://127.0.0.1:2375/containers')
const table: Array<[string, Parameters<typeof refuseLoad>[0], Parameters<typeof originsOf>[0], RegExp | undefined]> = [
  ['any program may run', { exec: true }, local, undefined],
  ['programs are named', { exec: ['fio'] }, local, /where allow.exec names programs.*http:\/\/127.0.0.1:2375/],
  ['no program may run', { exec: false }, local, /where allow.exec names programs/],
  ['programs are named, and all targets allowed', { exec: ['fio'], load: true }, local, undefined],
  ['none is allowed', { exec: true, load: false }, local, /^lets no http operation send requests$/],
  ['another one is named', { exec: true, load: ['http://10.0.0.*:80'] }, local, /^does not name http:\/\/127/],
  ['it is named', { exec: ['fio'], load: ['http://127.0.0.1:*'] }, local, undefined],
  [
    'one of its targets is not named',
    { exec: true, load: ['http://10.0.0.7'] },
    http('/x', { targets: ['http://10.0.0.7', 'http://10.0.0.8'] }),
    /^does not name http:\/\/10.0.0.8$/
  ],
  [
    'its tasks run commands, which exec judges',
    { exec: ['true'] },
    specOf({ command: undefined, task: [{ name: 't', operation: { type: 'command', command: ['true'] } }] }),
    undefined
  ]
]
for (const [when, rules, spec, why] of table)
  test(`${when}: ${why == null ? 'allowed' : 'refused'}`, () => {
    const refusal = refuseLoad(rules, originsOf(spec))
    if (why == null) assert.is(refusal, undefined)
    else assert.match(refusal?.why ?? '', why)
  })

test('it is a flag of the daemon', () => {
  assert.equal(checkFlags({ allowLoad: ['http://10.0.0.7:80,https://x'] }).allow, {
    load: ['http://10.0.0.7:80', 'https://x']
  })
  assert.throws(() => checkFlags({ allowLoad: ['10.0.0.7'] }), /a target such as/)
})

test.run()
