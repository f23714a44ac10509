/** What `bak verify` says of the result of real daemons after somebody had it in hand: an outsider, its controller, a stranger. */
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { envelope, open, type Signer, seal } from '../../protocols/envelope.ts'
import { type FileList, splitFileLists } from '../../protocols/file-list.ts'
import { certificateSubject } from '../../protocols/phase.ts'
import { verifyFolder } from '../../protocols/verify.ts'
import { finished, startRun, useTestnet } from '../helpers/mesh.ts'
import { keyOf } from '../helpers/rogue.ts'
import { newSigner } from '../helpers/streams.ts'
import { Copy } from '../helpers/tamper.ts'

const test = suite('verify: a result that somebody had in hand')
const net = useTestnet(test, { peers: ['a', 'b', 'c'] })
const SAMPLE = '1-default/sample1'
const TOOLS = `${SAMPLE}/tools-default`

let run = ''
let original = ''
let ids: Record<string, string> = {}
let controller: Signer

test.before(async () => {
  // a link of the workload is named in missing.txt, and no part of the result
  const script = 'echo out; mkdir -p "$BAK_OUT/r1/empty"; echo x > "$BAK_OUT/r1/x"; ln -s r1 "$BAK_OUT/latest"'
  const started = await startRun(net(), 'c', ['--tools', 'proc', '--', 'sh', '-c', script])
  const { status, stderr } = await started.finished
  assert.is(status, 0, stderr)
  run = started.run
  original = join(net().peer('c').home, 'runs', run)
  ids = Object.fromEntries((await net().members('c')).map(({ name, peer }) => [name, peer]))
  controller = { peer: ids.c as string, key: keyOf(net(), 'c') }
})

/** Without a home, so that nobody is named unless the words do. */
const verify = (folder: string, words: string[] = [], home = '/nowhere') =>
  finished(net().spawnBak('b', ['--home', home, 'verify', folder, ...words]))

/** What `bak verify --by` the controller prints of each, in this process: a program takes a second to start. */
async function faultsOf(copy: Copy): Promise<string> {
  const { ok, faults } = await verifyFolder(copy.folder, { by: controller.peer })
  assert.is(ok, faults.length === 0)
  return faults.map(({ where, what }) => `${where}: ${what}`).join('\n')
}

const toolFile = (copy: Copy, member: string) => {
  const [tool] = readdirSync(copy.path(TOOLS, member))
  return `${TOOLS}/${member}/${tool}/${readdirSync(copy.path(TOOLS, member, tool as string))[0]}`
}
const certificates = (copy: Copy) =>
  readdirSync(copy.path('certificates'))
    .filter(name => /^\d/.test(name))
    .sort()
const append = (copy: Copy, path: string) => copy.write(path, Buffer.concat([copy.read(path), Buffer.from('x')]))

interface Line {
  type: string
  seq?: number
  certificate?: string
}

function changeJournal(copy: Copy, change: (lines: Line[]) => Line[]): void {
  const lines = copy.read('journal.ndjson').toString().trim().split('\n')
  const changed = change(lines.map(line => JSON.parse(line))).map((each, n) => JSON.stringify({ ...each, n }))
  copy.write('journal.ndjson', `${changed.join('\n')}\n`)
}

/** The answer of b to send, and all that it sent then, are gone: the certificate is signed anew and says that none was needed. */
function dropAnswer(copy: Copy): void {
  const name = certificates(copy).find(each => each.includes('-send')) as string
  const { value } = open(certificateSubject, decode(envelope, new Uint8Array(copy.read(`certificates/${name}`))))
  const acks = value.acks.filter(({ by }) => by !== ids.b)
  const bytes = encode(seal(certificateSubject, { ...value, needed: 0, acks }, controller))
  copy.write(`certificates/${name}`, bytes)
  changeJournal(copy, lines =>
    lines.map(each =>
      each.type === 'phase-closed' && each.seq === value.seq ? { ...each, certificate: digestOf(bytes) } : each
    )
  )
  const { lists } = splitFileLists(copy.read('files.txt'))
  const kept = lists.filter(each => each.by !== ids.b || !Buffer.from(each.text).includes(TOOLS))
  const head = (each: FileList) =>
    `# ${each.text.length} ${each.run} ${each.by} ${Buffer.from(each.signature).toString('base64')}\n`
  copy.write('files.txt', Buffer.concat(kept.flatMap(each => [Buffer.from(head(each)), each.text])))
  rmSync(copy.path(TOOLS, 'b'), { recursive: true })
}

/** Who did what, and what is said of it. */
const table: Array<[who: 'an outsider' | 'the controller', did: string, act: (copy: Copy) => void, says: RegExp]> = [
  [
    'an outsider',
    'changes a file',
    copy => append(copy, toolFile(copy, 'b')),
    /tools-default\/b\/\S+: has \d+ bytes, had/
  ],
  ['an outsider', 'adds a file', copy => copy.write('x', ''), /^x: was not there when the run was sealed/m],
  [
    'an outsider',
    'adds an empty folder',
    copy => mkdirSync(copy.path('x')),
    /^x: is an empty folder, which was not there when/m
  ],
  [
    'an outsider',
    'adds links in a circle',
    copy => {
      for (const name of ['one', 'two']) symlinkSync('.', copy.path(name))
    },
    /^one: is a link to \., which was not there when/m
  ],
  [
    'an outsider',
    'puts a link to the same bytes in the place of a folder',
    copy => {
      renameSync(copy.path(TOOLS, 'b'), copy.path(SAMPLE, 'elsewhere'))
      symlinkSync('../elsewhere', copy.path(TOOLS, 'b'))
    },
    /tools-default\/b\/\S+: is missing[\s\S]*tools-default\/b: is a link to \.\.\/elsewhere/
  ],
  [
    'an outsider',
    'drops a certificate',
    copy => unlinkSync(copy.path('certificates', certificates(copy)[4] as string)),
    /certificates\/0005-\S+: is missing/
  ],
  [
    'an outsider',
    'cuts the journal',
    copy => copy.write('journal.ndjson', copy.read('journal.ndjson').subarray(0, 200)),
    /^journal.ndjson: has 200 bytes/m
  ],
  [
    'the controller',
    'swaps the folders of two members',
    copy => {
      for (const [from, to] of [
        ['a', 'x'],
        ['b', 'a'],
        ['x', 'b']
      ] as const)
        renameSync(copy.path(TOOLS, from), copy.path(TOOLS, to))
    },
    /tools-default\/a\/\S+: is not as a signed it[\s\S]*tools-default\/b\/\S+: is not as b signed it/
  ],
  [
    'the controller',
    'rewrites a file',
    copy => append(copy, toolFile(copy, 'b')),
    /tools-default\/b\/\S+: is not as b signed it/
  ],
  [
    'the controller',
    'rewrites sysinfo',
    copy => append(copy, 'sysinfo/begin/a/os.json'),
    /^sysinfo\/begin\/a\/os.json: is not as a signed it/m
  ],
  [
    'the controller',
    'rewrites its own output',
    copy => append(copy, `${SAMPLE}/workload/c/stdout.txt`),
    /stdout.txt: is not as c signed it/
  ],
  [
    'the controller',
    'adds a file of a member',
    copy => copy.write(`${TOOLS}/b/more`, ''),
    /tools-default\/b\/more: b did not sign it/
  ],
  [
    'the controller',
    'drops a file of a member',
    copy => unlinkSync(copy.path(toolFile(copy, 'b'))),
    /tools-default\/b\/\S+: is missing: b signed it/
  ],
  [
    'the controller',
    'adds an empty folder of a member',
    copy => mkdirSync(copy.path(TOOLS, 'b/more')),
    /b\/more: is an empty folder, which b did not sign/
  ],
  [
    'the controller',
    'adds a link',
    copy => symlinkSync('/etc', copy.path(TOOLS, 'b/more')),
    /b\/more: is a link to \/etc, which b did not sign/
  ],
  [
    'the controller',
    'adds a folder of nobody',
    copy => {
      mkdirSync(copy.path(TOOLS, 'z'))
      copy.write(`${TOOLS}/z/x`, '')
    },
    /tools-default\/z\/x: is in a folder of z, who is no member/
  ],
  [
    'the controller',
    'drops the lists of files',
    copy => unlinkSync(copy.path('files.txt')),
    /send.cbor: \S+ signed the list \w+ of the files of 1-default\/sample1: files.txt has not/
  ],
  [
    'the controller',
    'changes a digest in the lists',
    copy =>
      copy.write(
        'files.txt',
        copy
          .read('files.txt')
          .toString()
          .replace(/\n[0-9a-f]{8}/, '\n00000000')
      ),
    /^files.txt: a list of \w+ is not as it was signed/m
  ],
  [
    'the controller',
    'drops a certificate',
    copy => unlinkSync(copy.path('certificates', certificates(copy)[4] as string)),
    /certificates\/0005-\S+: is missing: the journal names it/
  ],
  [
    'the controller',
    'drops a certificate and its line in the journal',
    copy => {
      const [name = ''] = certificates(copy).slice(4)
      unlinkSync(copy.path('certificates', name))
      changeJournal(copy, lines => lines.filter(({ seq }) => seq !== Number.parseInt(name, 10)))
    },
    /^certificates: there is no certificate of number 5/m
  ],
  [
    'the controller',
    'drops a certificate, and leaves in the journal that its phase was open',
    copy => {
      const [name = ''] = certificates(copy).slice(4)
      unlinkSync(copy.path('certificates', name))
      changeJournal(copy, lines =>
        lines.filter(({ seq, type }) => seq !== Number.parseInt(name, 10) || type === 'phase-open')
      )
    },
    /^certificates: there is no certificate of number 5/m
  ],
  [
    'the controller',
    'takes an answer out of a certificate, and with it what its member sent',
    dropAnswer,
    /^certificates: b neither answered send nor is excluded there/m
  ],
  [
    'the controller',
    'drops all certificates',
    copy => {
      for (const name of certificates(copy)) unlinkSync(copy.path('certificates', name))
    },
    /certificates\/0001-join.cbor: is missing: the journal names it/
  ],
  [
    'the controller',
    'cuts the journal after three lines',
    copy =>
      copy.write('journal.ndjson', `${copy.read('journal.ndjson').toString().split('\n').slice(0, 3).join('\n')}\n`),
    /^journal.ndjson: it does not go to the end of the run/m
  ],
  [
    'the controller',
    'puts the certificate of one phase in the place of another',
    copy => {
      const [one = '', other = ''] = certificates(copy).slice(3)
      copy.write(`certificates/${one}`, copy.read(`certificates/${other}`))
    },
    /it is not the certificate that the journal names/
  ]
]

for (const [who, did, act, says] of table) {
  test(`${who} ${did}`, async () => {
    const copy = new Copy(original)
    try {
      act(copy)
      if (who === 'the controller') await copy.seal(controller)
      assert.match(await faultsOf(copy), says)
    } finally {
      copy.remove()
    }
  })
}

/** What the controller may write into its record. */
const records: Array<[did: string, change: (copy: Copy) => object, says: RegExp]> = [
  ['leaves a member out of the roster', copy => ({ roster: copy.record.roster.slice(1) }), /its roster is not that of/],
  ['leaves the workload out', () => ({ workload: [] }), /its results of the workload are not those/],
  [
    'makes the workload faster',
    copy => ({ workload: copy.record.workload.map(each => ({ ...each, duration: 1 })) }),
    /its results of the workload are not those/
  ],
  [
    'excludes a member',
    () => ({ excluded: [{ peer: ids.b, name: 'b', phase: 'send', code: 'lost', reason: '' }] }),
    /no certificate says that b was excluded/
  ],
  [
    'leaves a tarball out',
    copy => ({ sent: copy.record.sent.slice(1) }),
    /announced sysinfo begin \w+, which run.json does not list/
  ],
  [
    'says of a certificate that it could not be written, and keeps its verdict',
    copy => {
      const path = `certificates/${certificates(copy).find(each => each.includes('-send'))}`
      unlinkSync(copy.path(path))
      const { [path]: _, ...files } = copy.record.files ?? {}
      return { files, unreadable: [{ path, reason: 'the disk was full' }] }
    },
    /-send.cbor: is missing: the journal names it/
  ],
  ['was made earlier', () => ({ created: 1 }), /the run was offered at \d+, run.json says 1/],
  ['says that the run failed', () => ({ verdict: 'failed' }), /^journal.ndjson: its verdict is ok/m]
]

for (const [did, change, says] of records) {
  test(`the controller ${did}`, async () => {
    const copy = new Copy(original)
    try {
      await copy.seal(controller, change(copy))
      assert.match(await faultsOf(copy), says)
    } finally {
      copy.remove()
    }
  })
}

test('each fault is on a line of its own, and the exit status is 66', async () => {
  const copy = new Copy(original)
  try {
    for (const name of ['one', 'two']) symlinkSync('.', copy.path(name))
    append(copy, `${SAMPLE}/workload/c/stdout.txt`)
    await copy.seal(controller)
    copy.write('\u202egpj.sh', '')
    const { status, stdout } = await verify(copy.folder, ['--by', controller.peer])
    assert.match(stdout, /^1-default\/sample1\/workload\/c\/stdout.txt: is not as c signed it$/m)
    assert.match(stdout, /^ gpj.sh: was not there when the run was sealed$/m, 'without what a terminal obeys')
    assert.match(stdout, /NOT as it was signed, 2 faults/)
    assert.is(status, 66)
  } finally {
    copy.remove()
  }
})

test('a result as it was is proven to whom its reader names, and to nobody else', async () => {
  const c = controller.peer
  const mesh = ids.a as string
  const stranger = newSigner().peer
  const rows: Array<[words: string[], home: string, status: number, says: RegExp]> = [
    [[], '/nowhere', 2, /as it was signed[\s\S]*sealed by c \S+; by no one you named/],
    [['--by', c], '/nowhere', 0, /as it was signed[\s\S]*sealed by c 12D3\w+$/],
    [['--mesh', mesh], '/nowhere', 0, /sealed by c \S+, c is a controller of mesh/],
    [[], net().peer('b').home, 0, /sealed by c \S+, c is a controller of mesh/],
    [['--by', stranger], '/nowhere', 66, /run.json: sealed by \S+; you named/],
    [['--mesh', stranger], '/nowhere', 66, /run.json: nothing proves that the controller \S+ is of mesh/],
    [['--by', 'c'], '/nowhere', 64, /not an id/]
  ]
  for (const [words, home, status, says] of rows) {
    const done = await verify(original, words, home)
    assert.match(done.stdout.trim() + done.stderr, says)
    assert.is(done.status, status, words.join(' '))
  }
})

test('a run that was cancelled, at its begin or in its workload, is as it was signed', async () => {
  for (const type of ['offered', 'workload-started']) {
    const started = await startRun(net(), 'c', ['--tools', 'proc', '--', 'sleep', '60'])
    await started.until(event => event.type === type)
    assert.is((await net().bak('c', ['cancel', started.run])).status, 0)
    assert.is((await started.finished).status, 4)
    const done = await verify(join(net().peer('c').home, 'runs', started.run), ['--mesh', ids.a as string])
    assert.match(done.stdout, /: as it was signed/)
    // a phase that was cut short shows no answer of some: what they sent then is named as not proven
    assert.is(done.status, /neither answered/.test(done.stdout) ? 2 : 0, done.stdout)
  }
})

test("a stranger's seal is refused by who knows the mesh, and by who knows the controller", async () => {
  const copy = new Copy(original)
  try {
    const stranger = newSigner()
    rmSync(copy.path('certificates'), { recursive: true })
    await copy.seal(stranger, { controller: { peer: stranger.peer, name: 'c' }, manifest: undefined })
    for (const [words, home] of [
      [['--by', controller.peer], '/nowhere'],
      [['--mesh', ids.a as string], '/nowhere'],
      [[], net().peer('a').home]
    ] as const) {
      const { status, stdout } = await verify(copy.folder, [...words], home)
      assert.is(status, 66)
      assert.match(stdout, new RegExp(`${stranger.peer}`))
      assert.match(stdout, /you named|nothing proves that the controller/)
    }
    await copy.seal(stranger, { controller: { peer: controller.peer, name: 'c' } })
    assert.match((await verify(copy.folder, ['--by', stranger.peer])).stdout, /sealed by \S+; the controller is/)
  } finally {
    copy.remove()
  }
})

test('a result that is not as it was signed is not completed, and not sealed again', async () => {
  const copy = new Copy(original)
  try {
    assert.is((await net().bak('c', ['collect', run])).status, 0)
    assert.equal(readFileSync(join(original, 'run.json')), copy.read('run.json'), 'nothing came: the seal is the same')
    appendFileSync(join(original, 'spec.toml'), '#')
    const { status, stderr } = await net().bak('c', ['collect', run])
    assert.is(status, 66)
    assert.match(stderr, /spec.toml: has \d+ bytes/)
    writeFileSync(join(original, 'spec.toml'), copy.read('spec.toml'))
    assert.is((await net().bak('c', ['verify', run])).status, 0)
  } finally {
    copy.remove()
  }
})

test.run()
