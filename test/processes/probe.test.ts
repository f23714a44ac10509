/** What a daemon finds out about the programs by which it keeps those of others apart. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { probeIsolation } from '../../node/processes/probe.ts'
import { createWorkspace } from '../helpers/workspace.ts'

const probe = suite('what keeps programs of others apart')

probe('a program that fails without a word is named with its exit status', async () => {
  const { folder, close } = createWorkspace('probe')
  const before = process.env.PATH
  try {
    writeFileSync(join(folder, 'bwrap'), '#!/bin/sh\nexit 3\n')
    chmodSync(join(folder, 'bwrap'), 0o755)
    process.env.PATH = `${folder}:${before}`
    const found = await probeIsolation({
      ...{ home: folder, uid: 1000, mayRunAsOwner: false, network: true, shown: [] }
    })
    assert.equal(found, { why: 'bubblewrap (bwrap) does not work here: it ends with exit status 3' })
  } finally {
    process.env.PATH = before
    close()
  }
})

probe.run()
