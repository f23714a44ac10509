import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { archivedAt } from '../../../node/run/moving/archived.ts'
import { contentOf, noteCopy } from '../../../node/store/copied.ts'
import { openHome } from '../../../node/store/home.ts'
import { RunFolder } from '../../../node/store/run-folder.ts'
import { seriesResult } from '../../helpers/series-result.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('whether a result is elsewhere, too')

test('the result itself under another name is no copy of it', async () => {
  const home = await openHome(scratch())
  const archive = join(scratch(), 'archive')
  mkdirSync(archive)
  const { folder: root, record } = seriesResult({ folder: home.runs('20261122T213015-k3f9ab'), members: 1, samples: 1 })
  const folder = new RunFolder(root)
  const copy = join(archive, record.run)
  await noteCopy(home, record.run, { folder: copy, at: 1, content: await contentOf(folder) })
  const why = () =>
    archivedAt(record.run, { home, folder, describe: () => Promise.reject(new Error('no peers here')) }).then(
      () => 'none',
      cause => cause.message
    )
  symlinkSync(root, copy)
  assert.match(await why(), /it is the result itself, under another name/)
  // and moved there by hand, with a link left behind
  renameSync(copy, `${copy}.link`)
  renameSync(root, copy)
  symlinkSync(copy, root)
  assert.match(await why(), /it is the result itself, under another name/)
})

test.run()
