/** The examples of docs/series.md, as they stand there, over a result. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { seriesResult } from '../../helpers/series-result.ts'
import { skipWhere } from '../../helpers/skip.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('examples of docs/series.md')
const page = readFileSync(join(import.meta.dirname, '../../../docs/series.md'), 'utf8')
const blocks = (language: string) =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```/gms)].filter(found => found[1] === language).map(found => found[2] as string)
const { folder } = seriesResult({ folder: scratch(), samples: 2, seconds: 5, slower: { m3: 3 } })

test('the queries of DuckDB answer', async () => {
  const db = await DuckDBInstance.create(':memory:', {
    ...{ autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' }
  })
  const connection = await db.connect()
  await connection.run(`SET file_search_path = '${folder}'`)
  const [busy = [], waits = [], remarks = []] = await Promise.all(
    blocks('sql').map(async query => (await connection.runAndReadAll(query)).getRows())
  )
  assert.equal(
    busy.map(([member, cpu]) => `${member} ${cpu}`),
    ['m1', 'm2', 'm3'].flatMap(member => ['0', '1', '2', '3', 'all'].map(cpu => `${member} ${cpu}`))
  )
  assert.ok(busy.every(row => Number(row[2]) > 0 && Number(row[2]) <= 100))
  assert.equal(waits[0]?.slice(0, 3), ['1-bs=4k', 'sample1', 'm1'])
  assert.is(waits.length, 12)
  assert.ok(Number(waits[2]?.[3]) > 2 * Number(waits[0]?.[3]), 'the slow one is slower')
  assert.is(remarks.length, 2)
  assert.match(String(remarks[0]?.[1]), /"line":7/)
  connection.closeSync()
  db.closeSync()
})

/** @returns why the example of pandas cannot run here */
function noPandas(): string | undefined {
  try {
    execFileSync('python3', ['-c', 'import pandas, pyarrow'], { stdio: 'pipe', timeout: 60_000 })
    return undefined
  } catch {
    return 'there is no python3 with pandas and pyarrow'
  }
}

skipWhere(noPandas(), test)('the lines of pandas print a table', () => {
  const [script = ''] = blocks('python')
  const printed = execFileSync('python3', ['-c', script], { cwd: folder, encoding: 'utf8', timeout: 120_000 })
  assert.match(printed, /m1 +m2 +m3/)
  assert.match(printed, /^max /m)
})

test.run()
