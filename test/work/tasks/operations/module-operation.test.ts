import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import type { Outcome } from '../../../../node/work/tasks/operation.ts'
import { moduleRunner } from '../../../../node/work/tasks/operations/module-operation.ts'
import { moduleOperation } from '../../../../protocols/tasks/operation.ts'
import { freePort } from '../../../helpers/nginx.ts'
import { contextOf, failures, outcomes, runner, serviceTime } from './requesters.ts'

const modules = suite<{ folder: string }>('the operation module')

modules.before.each(context => {
  context.folder = mkdtempSync(join(tmpdir(), 'bak-module-'))
})
modules.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }))

const put = (folder: string, text: string) => writeFileSync(join(folder, 'load.mjs'), text)
const LOAD = { type: 'module', module: 'load.mjs' } as const

modules('a function is told who asks, with what, and where', async ({ folder }) => {
  put(
    folder,
    `import { appendFileSync } from 'node:fs'
    export default async ({ task, index, clients, request, params, settings, folder }) => {
      appendFileSync(folder + '/log', JSON.stringify([task, index, clients, request, params.size, settings.size]) + '\\n')
    }`
  )
  const own = { folder, index: 3, clients: 4, params: { size: '8k' } }
  await outcomes({ ...LOAD, params: { size: 7 } }, 2, own)
  assert.equal(
    readFileSync(join(folder, 'log'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
    [
      ['search', 3, 4, 0, 7, '8k'],
      ['search', 3, 4, 1, 7, '8k']
    ]
  )
})

for (const [returned, wanted] of [
  ['undefined', {}],
  ['42', {}],
  ["[500, 'docs']", { weight: 500, unit: 'docs' }],
  ["{ weight: 12, unit: 'pages' }", { weight: 12, unit: 'pages' }],
  ['{ success: true, weight: 0 }', { weight: 0 }],
  ['{ success: false }', { failed: 'error', isNetwork: false }],
  ["{ success: false, error: 'shard 17 failed' }", { failed: 'shard N failed', isNetwork: false }],
  ["{ success: true, error: 'retried' }", {}],
  ["{ error: 'bulk' , weight: 5 }", { failed: 'bulk', isNetwork: false }],
  ["{ error: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }", { failed: 'ECONNREFUSED', isNetwork: true }],
  ["{ weight: -1, unit: 'docs' }", { failed: 'weight is no number', isNetwork: false }],
  ['{ weight: 1e300 }', { failed: 'weight is no number', isNetwork: false }],
  ["{ weight: '7' }", { failed: 'weight is no number', isNetwork: false }],
  ["{ unit: 'a b' }", { failed: 'unit is no word', isNetwork: false }],
  ['{ last: true }', { isLast: true }]
] as const) {
  modules(`a function that returns ${returned} means ${JSON.stringify(wanted)}`, async ({ folder }) => {
    put(folder, `export default async () => (${returned})`)
    const [{ begun, ended, ...rest } = {} as Outcome] = await outcomes(LOAD, 1, { folder })
    assert.ok(ended >= begun)
    assert.equal(rest, wanted)
  })
}

modules('what a function throws is an error of its request, and numbers in it make no new kind', async ({ folder }) => {
  put(
    folder,
    `export function query({ request }) {
      if (request === 0) throw new TypeError('no document 0x' + request + ' in "index-' + request + '"')
      if (request === 1) return Promise.reject(Object.assign(new Error('y'), { code: 'EHOSTUNREACH' }))
      if (request === 2) throw 'a text of ' + request
      if (request === 3) throw null
    }`
  )
  const ended = await outcomes({ ...LOAD, function: 'query' }, 5, { folder })
  assert.equal(failures(ended), ['TypeError: no document N in "..."', 'EHOSTUNREACH', 'a text of N', 'null', undefined])
  assert.equal(
    ended.map(({ isNetwork }) => isNetwork),
    [false, true, false, false, undefined]
  )
})

modules(
  'a function that marks when its request went out and came back is measured between the two',
  async ({ folder }) => {
    put(
      folder,
      `const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
    export default async context => {
      await wait(60)
      context.sent(); await wait(20); context.received()
      context.sent(); await wait(20); context.received()
      await wait(60)
    }`
    )
    const [ended] = await outcomes(LOAD, 1, { folder })
    const time = serviceTime(ended as Outcome)
    assert.ok(time >= 38 && time < 100, `${time} ms`)
  }
)

modules(
  'a function that does not return ends at its timeout, is told so, and the next request is its own',
  async ({ folder }) => {
    put(
      folder,
      `import { appendFileSync } from 'node:fs'
    export default ({ request, signal, folder }) => request > 0 ? signal.aborted && 'wrong' : new Promise(() => {
      signal.addEventListener('abort', () => appendFileSync(folder + '/log', signal.reason.name))
    })`
    )
    const ended = await outcomes({ ...LOAD, timeout: 0.1 }, 2, { folder })
    assert.equal(failures(ended), ['timeout', undefined])
    assert.ok(serviceTime(ended[0] as Outcome) >= 98)
    assert.is(readFileSync(join(folder, 'log'), 'utf8'), 'AbortError')
  }
)

modules('an open request ends when its task is cut short, and none is begun afterwards', async ({ folder }) => {
  put(
    folder,
    `import { appendFileSync } from 'node:fs'
    export default ({ folder }) => { appendFileSync(folder + '/log', 'x'); return new Promise(() => {}) }`
  )
  const aborts = new AbortController()
  const made = await runner(LOAD, folder)
  const client = await made.open(contextOf({ folder, signal: aborts.signal }))
  const open = client.request()
  await sleep(20)
  aborts.abort()
  assert.is((await open).failed, 'cut short')
  assert.is((await client.request()).failed, 'cut short')
  await client.close()
  assert.is(readFileSync(join(folder, 'log'), 'utf8'), 'x')
})

modules(
  'partition gives each client its share, and what an iterable has is all that it requests',
  async ({ folder }) => {
    put(
      folder,
      `export function* partition({ files }, index, clients) {
      for (let i = index; i < files.length; i += clients) yield { file: files[i] }
    }
    export default ({ params }) => { throw params.file }`
    )
    const made = await runner({ ...LOAD, params: { files: ['a', 'b', 'c', 'd', 'e'] } }, folder)
    const all: (string | undefined)[][] = []
    for (let index = 0; index < 4; index++) {
      const client = await made.open(contextOf({ folder, index, clients: 4 }))
      assert.is(client.isFinite, true)
      assert.is(client.isEmpty, false)
      const ended: Outcome[] = []
      while (ended.at(-1)?.isLast !== true) ended.push(await client.request())
      all.push(failures(ended))
      await client.close()
    }
    assert.equal(all, [['a', 'e'], ['b'], ['c'], ['d']])
    const idle = await made.open(contextOf({ folder, index: 5, clients: 6 }))
    assert.is(idle.isEmpty, true)
    await idle.close()
  }
)

modules('partition that gives a table changes the params, and no list of another client', async ({ folder }) => {
  put(
    folder,
    `export const partition = (params, index) => ({ seen: params.list.push(index) })
    export default ({ params }) => ({ weight: params.seen })`
  )
  const made = await runner({ ...LOAD, params: { list: [] } }, folder)
  for (const index of [0, 1]) {
    const client = await made.open(contextOf({ folder, index, clients: 2 }))
    assert.not.ok(client.isFinite)
    assert.is((await client.request()).weight, 1)
    await client.close()
  }
})

modules('an iterable that fails is the last error of its client', async ({ folder }) => {
  put(
    folder,
    `export async function* partition() { yield {}; throw new Error('the corpus ends in line 7') }
    export default () => {}`
  )
  const [ended] = await outcomes(LOAD, 1, { folder })
  assert.is(ended?.failed, 'the corpus ends in line N')
  assert.is(ended?.isLast, true)
})

modules(
  'an iterable that has nothing to say ends with the timeout of the request, or with its task',
  async ({ folder }) => {
    put(
      folder,
      `export async function* partition() { yield {}; await new Promise(() => {}) }
    export default () => {}`
    )
    const [ended] = await outcomes({ ...LOAD, timeout: 0.1 }, 1, { folder }).catch(cause => cause)
    assert.is(ended.failed, 'timeout')
    const aborts = new AbortController()
    const made = await runner(LOAD, folder)
    const client = await made.open(contextOf({ folder, signal: aborts.signal }))
    const open = client.request()
    await sleep(20)
    aborts.abort()
    assert.is((await open).failed, 'cut short')
    await client.close()
  }
)

modules('a server that fetch cannot reach is an error of the network', async ({ folder }) => {
  const port = await freePort()
  put(folder, `export default () => fetch('http://127.0.0.1:${port}/')`)
  const [ended] = await outcomes(LOAD, 1, { folder })
  assert.equal([ended?.failed, ended?.isNetwork], ['ECONNREFUSED', true])
})

modules('setup, open, close and teardown come in their order, once each', async ({ folder }) => {
  put(
    folder,
    `import { appendFileSync } from 'node:fs'
    let log
    export const setup = ({ folder, params }) => { log = line => appendFileSync(folder + '/log', line + ' '); log('setup ' + params.a) }
    export const open = async ({ index }) => { log('open ' + index); return { name: 'client ' + index } }
    export default ({ client }) => log(client.name)
    export const close = ({ client }) => log('close ' + client.name)
    export const teardown = () => log('teardown')`
  )
  await outcomes({ ...LOAD, params: { a: 1 } }, 2, { folder, index: 4, clients: 9 })
  assert.is(readFileSync(join(folder, 'log'), 'utf8'), 'setup 1 open 4 client 4 client 4 close client 4 teardown ')
})

for (const [what, text, operation, reason] of [
  ['a module that is not there', undefined, LOAD, /^load\.mjs: .*Cannot find module/],
  ['a module with an error of syntax', 'export default (', LOAD, /^load\.mjs: Unexpected end of input/],
  [
    'a module that imports what is not there, with its line,',
    "\nimport { nothing } from 'node:path'\nexport default nothing",
    LOAD,
    /^load\.mjs:2: The requested module 'node:path' does not provide an export named 'nothing'/
  ],
  ['a module that throws', "throw new Error('no database')", LOAD, /^load\.mjs: no database/],
  ['a module without the function', 'export const x = 1', LOAD, /^load\.mjs: it does not export a default function$/],
  [
    'a module without the function that is named',
    'export default () => {}',
    { ...LOAD, function: 'query' },
    /^load\.mjs: it does not export a function query$/
  ],
  [
    'an export that is no function',
    'export default () => {}; export const open = 1',
    LOAD,
    /export open is no function/
  ],
  [
    'a setup that fails',
    "export default () => {}; export const setup = async () => { throw new Error('no disk') }",
    LOAD,
    /^load\.mjs: setup failed: no disk$/
  ],
  [
    'an open that fails',
    "export default () => {}; export const open = () => { throw new Error('no login') }",
    LOAD,
    /^load\.mjs: open failed: no login$/
  ],
  [
    'a partition that fails',
    'export default () => {}; export const partition = p => p.files.length',
    LOAD,
    /^load\.mjs: open failed: Cannot read properties/
  ]
] as const) {
  modules(`${what} is named before any request`, async ({ folder }) => {
    if (text != null) put(folder, text)
    const failed = await outcomes(operation, 1, { folder }).then(
      () => 'no error',
      cause => cause
    )
    assert.is(failed.code, 'bad-run-file', String(failed))
    assert.match(failed.message, reason)
  })
}

modules('a request whose answer is marked before it was sent takes no time, and not less', async ({ folder }) => {
  put(folder, 'export default async c => { c.received(); await new Promise(r => setTimeout(r, 5)); c.sent() }')
  const [ended] = await outcomes(LOAD, 1, { folder })
  assert.is(ended && serviceTime(ended), 0)
})

for (const [what, text] of [
  ['open', 'export const open = () => new Promise(() => {})'],
  ['partition', 'export const partition = async function* () { await new Promise(() => {}) }']
] as const)
  modules(`a client whose ${what} never ends is given up by name`, async ({ folder }) => {
    put(folder, `${text}; export default () => {}`)
    const { open } = await moduleRunner(v.parse(moduleOperation, LOAD), { folder }, 0.05)
    const failed = await open(contextOf({ folder })).then(
      () => 'no error',
      cause => cause.message
    )
    assert.is(failed, 'load.mjs: open failed: it took longer than 0.05 s')
  })

for (const [what, text, reason] of [
  ['import', 'await new Promise(() => {}); export default () => {}', 'load.mjs: its import took longer than 0.05 s'],
  [
    'setup',
    'export default () => {}; export const setup = () => new Promise(() => {})',
    'load.mjs: setup failed: it took longer than 0.05 s'
  ]
] as const)
  modules(
    `a module whose ${what} never ends is given up by name, and what it was at is told before`,
    async ({ folder }) => {
      put(folder, text)
      const said: string[] = []
      const init = { folder, doing: (what: string) => said.push(what) }
      const failed = await moduleRunner(v.parse(moduleOperation, LOAD), init, 0.05).then(
        () => 'no error',
        cause => cause.message
      )
      assert.is(failed, reason)
      assert.is(said.at(-1), `the ${what} of load.mjs`)
    }
  )

for (const [name, text] of [
  ['load.mjs', "export { default } from './lib/more.mjs'"],
  ['load.js', "export { default } from './lib/more.mjs'"],
  ['load.ts', "import more from './lib/more.mjs'\nexport default (context: { index: number }) => more(context)"]
] as const) {
  modules(`${name} is a module, and imports what lies beside it`, async ({ folder }) => {
    mkdirSync(join(folder, 'lib'))
    writeFileSync(join(folder, 'lib/more.mjs'), "export default () => ({ unit: 'docs' })")
    writeFileSync(join(folder, name), text)
    const [ended] = await outcomes({ type: 'module', module: name }, 1, { folder })
    assert.equal([ended?.failed, ended?.unit], [undefined, 'docs'])
  })
}

modules("a module outside of the run file's folder is where it is staged: by its last name", async ({ folder }) => {
  put(folder, 'export default () => {}')
  assert.equal(failures(await outcomes({ ...LOAD, module: '../shared/load.mjs' }, 1, { folder })), [undefined])
})

modules.run()
