import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const allowed: Record<string, string[]> = {
  protocols: ['protocols'],
  node: ['protocols', 'node'],
  cli: ['protocols', 'cli'],
  testnets: ['protocols', 'testnets'],
  scripts: ['protocols', 'node', 'cli', 'testnets', 'scripts']
}

const structure = suite('the structure of the house')

for (const [room, may] of Object.entries(allowed)) {
  structure(`${room}/ imports from ${may.join(' and ')} only`, () => {
    const wrong = imports(room).filter(({ to }) => !may.includes(to.split('/')[0] as string))
    assert.equal(wrong, [])
  })
}

structure(
  'only store/ and what it names opens files of a run: nobody else in run/ or agent/ writes with node:fs',
  () => {
    const writers = globSync('node/{run,mesh,control}/**/*.ts').filter(
      file =>
        /from 'node:fs(\/promises)?'/.test(readFileSync(file, 'utf8')) &&
        /writeFile|appendFile|createWriteStream/.test(readFileSync(file, 'utf8'))
    )
    assert.equal(writers, [])
  }
)

structure('no source file is without a subject: none has more than 350 lines', () => {
  const large = globSync('{protocols,node,cli,testnets,scripts}/**/*.ts').filter(
    file => readFileSync(file, 'utf8').split('\n').length > 350
  )
  assert.equal(large, [])
})

structure.run()

/** @returns each relative import as room-relative paths */
function imports(room: string): Array<{ from: string; to: string }> {
  return globSync(`${room}/**/*.ts`).flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(found => ({
      from: file,
      to: normalize(join(dirname(file), found[1] as string))
    }))
  )
}
