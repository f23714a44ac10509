import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkGenuine } from '../../node/control/genuine.ts'
import type { Signer } from '../../protocols/envelope.ts'
import type { BakError } from '../../protocols/errors.ts'
import { type RunRecord, writeRecord } from '../../protocols/record.ts'
import { newSigner } from '../helpers/streams.ts'
import { run, runRecord } from '../protocols/samples.ts'

const test = suite('the record of a run that another peer shows')
const [ops, archive, agent, stranger] = [newSigner(), newSigner(), newSigner(), newSigner()]
const roles = new Map([
  [ops.peer, 'controller' as const],
  [archive.peer, 'admin' as const],
  [agent.peer, 'agent' as const]
])
const of = { roleOf: (peer: string) => roles.get(peer) }

/** @returns run.json of a run that `by` drove */
const recordOf = (by: Signer, signer?: Signer, change: Partial<RunRecord> = {}) =>
  writeRecord({ ...runRecord, controller: { peer: by.peer, name: 'ops' }, ...change }, signer)

type Case = [title: string, text: string, holder: Signer, controller: Signer | undefined, code: string | undefined]
const cases: Case[] = [
  ['of the controller, while it goes on', recordOf(ops), ops, ops, undefined],
  ['of the controller, of which nothing else is known', recordOf(ops, ops), ops, undefined, undefined],
  ['of an archive, with the seal of the controller', recordOf(ops, ops), archive, ops, undefined],
  [
    'of an archive, though its controller is no member any more',
    recordOf(stranger, stranger),
    archive,
    undefined,
    undefined
  ],
  ['of an agent that was given the result', recordOf(ops, ops), agent, ops, undefined],
  ['of an agent that was given the result long ago', recordOf(ops, ops), agent, undefined, undefined],
  ['of an agent, without a seal', recordOf(ops), agent, ops, 'damaged'],
  ['of an agent, with its own seal', recordOf(ops, agent), agent, ops, 'damaged'],
  ['of an archive, with its own seal', recordOf(ops, archive), archive, undefined, 'damaged'],
  ['of an agent that says that it drove the run', recordOf(agent, agent), agent, undefined, 'not-allowed'],
  ['of an agent that says so of a run that another drives', recordOf(agent, agent), agent, ops, 'not-the-controller'],
  [
    'of an agent, with the seal of a key that nobody knows',
    recordOf(stranger, stranger),
    agent,
    undefined,
    'not-allowed'
  ],
  ['of another run', recordOf(ops, ops, { run: '20261122T213015-other1' }), ops, undefined, 'damaged'],
  ['changed after it was sealed', recordOf(ops, ops).replace('"x"', '"y"'), archive, ops, 'damaged'],
  ['that is none', '{}', ops, ops, 'damaged']
]
for (const [title, text, holder, controller, code] of cases) {
  test(`${title}: ${code ?? 'genuine'}`, () => {
    let found: string | undefined
    try {
      checkGenuine(text, { run, holder: holder.peer, controller: controller?.peer }, of)
    } catch (error) {
      found = (error as BakError).code
    }
    assert.is(found, code)
  })
}

test.run()
