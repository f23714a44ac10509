import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { issueInvitation } from '../../../node/mesh/trust/issue.ts'
import { readTrust, type TrustFile, TrustFileWriter } from '../../../node/mesh/trust/trust-file.ts'
import { openHome } from '../../../node/store/home.ts'
import { seal } from '../../../protocols/envelope.ts'
import { BakError } from '../../../protocols/errors.ts'
import { revocationSubject } from '../../../protocols/trust-entries.ts'
import { newSigner } from '../../helpers/streams.ts'
import { founderOf, HOUR, NOW, proofOf } from '../../helpers/trust.ts'
import { plain } from '../../protocols/samples.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('trust.json')
const newHome = () => openHome(join(scratch(), 'home'))
const unexpected = (error: BakError) => assert.unreachable(error.message)

const founder = founderOf()
const fileOf = (uses: number): TrustFile => ({
  entries: [
    {
      type: 'revocation',
      sealed: seal(revocationSubject, { mesh: founder.mesh, target: founder.peer, at: NOW }, founder)
    },
    { type: 'use', proof: proofOf(founder, newSigner().peer, { uses }).bytes }
  ],
  issued: [issueInvitation(founder, { role: 'agent', ttl: HOUR }, NOW).sealed]
})

test('is empty where there is no file, and afterwards holds what was saved last, readable by its owner only', async () => {
  const home = await newHome()
  assert.equal(await readTrust(home), { entries: [], issued: [] })
  const keeper = new TrustFileWriter(home, unexpected)
  const files = [1, 2, 3, 4].map(fileOf)
  for (const each of files) keeper.save(each)
  await keeper.close()
  assert.equal(plain(await readTrust(home)), plain(files.at(-1)))
  assert.is(((await stat(home.trust)).mode & 0o777).toString(8), '600')
})

for (const text of ['', '{', '{}', '{"entries":["AAAA"],"issued":[]}', '{"entries":[],"issued":[7]}']) {
  test(`that is damaged is never taken for an empty one: ${JSON.stringify(text)}`, async () => {
    const home = await newHome()
    await writeFile(home.trust, text, { mode: 0o600 })
    const error = await readTrust(home).catch(error => error as BakError)
    assert.ok(error instanceof BakError)
    assert.is(error.code, 'bad-config')
    assert.match(error.message, `${home.trust} is damaged`)
    assert.is(await readFile(home.trust, 'utf8'), text)
  })
}

test('that others may read is refused: the secrets of rotations are in it', async () => {
  const home = await newHome()
  await writeFile(home.trust, '{"entries":[],"issued":[]}')
  await chmod(home.trust, 0o644)
  assert.is((await readTrust(home).catch(error => error)).code, 'bad-config')
})

test('that cannot be written is reported, and written again with the next change', async () => {
  const home = await newHome()
  const errors: BakError[] = []
  const keeper = new TrustFileWriter({ ...home, trust: join(home.root, 'no-folder', 'trust.json') }, e =>
    errors.push(e)
  )
  keeper.save(fileOf(1))
  await keeper.close()
  keeper.save(fileOf(2))
  await keeper.close()
  assert.equal(
    errors.map(({ code }) => code),
    ['io', 'io']
  )
})

test.run()
