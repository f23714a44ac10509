import { readFile } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { proofs } from '../../../node/run/hooks/proofs.ts'
import { decode } from '../../../protocols/codec.ts'
import { PROOFS_FILE } from '../../../protocols/layout.ts'
import { runProofs } from '../../../protocols/run-proofs.ts'
import { fakeRun } from '../../helpers/run.ts'
import { controller } from '../../protocols/samples.ts'

const test = suite('proofs of membership in a result')

test('the proofs of the controller and of all whom the run is offered to are there, but for the founder, who has none', async () => {
  const { run, signers } = await fakeRun({ members: 3 })
  const founder = signers[1]?.peer
  run.parts.authority.proofOf = peer => (peer === founder ? undefined : new Uint8Array(Buffer.from(peer)))
  const hook = proofs()
  await hook.before?.({ phase: 'join', who: 'candidates', deadline: 0, grace: 0 }, run)
  await hook.close?.(run)
  const { mesh, proofs: known } = decode(runProofs, new Uint8Array(await readFile(run.folder.path(PROOFS_FILE))))
  assert.is(mesh, run.parts.authority.mesh)
  assert.equal(
    known.map(bytes => Buffer.from(bytes).toString()),
    [controller.peer, signers[0]?.peer, signers[2]?.peer]
  )
})

test('a run that was offered to nobody has none', async () => {
  const { run } = await fakeRun()
  const hook = proofs()
  await hook.close?.(run)
  assert.is(await readFile(run.folder.path(PROOFS_FILE)).catch(error => error.code), 'ENOENT')
})

test.run()
