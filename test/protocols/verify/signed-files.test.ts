/** Files of a result held against the lists that their members signed. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Signer } from '../../../protocols/envelope.ts'
import { type FileList, fileLine, folderLine, sealFileList, splitFileLists } from '../../../protocols/file-list.ts'
import { checkSignedFiles, type FilesToCheck } from '../../../protocols/verify/signed-files.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('files that members signed')
const run = '20261122T213015-k3f9ab'
const [a, b] = [newSigner(), newSigner()]
const file = (fill: string) => ({ sha256: fill.repeat(64), bytes: 1 })
const A = 'sysinfo/begin/a/os.json'
const B = 'sysinfo/begin/b/os.json'

/** Names that files get where their own is taken. */
const B2 = 'sysinfo/begin/b/os-2.json'
const A2 = 'sysinfo/begin/a/os-2.json'
const [C, C2, C3] = ['sysinfo/end/b/c.x', 'sysinfo/end/b/c-2.x', 'sysinfo/end/b/c-2-2.x'] as const

const listOf = (signer: Signer, ...lines: string[]): FileList =>
  splitFileLists(sealFileList(run, Buffer.from(lines.join('')), signer).sealed).lists[0] as FileList

const good: FilesToCheck = {
  run,
  files: { [A]: file('a'), [B]: file('b'), 'files.txt': file('f') },
  others: {},
  lists: [listOf(a, fileLine(A, file('a'))), listOf(b, fileLine(B, file('b')))],
  members: new Map([
    ['a', a.peer],
    ['b', b.peer]
  ]),
  answered: new Set(),
  older: new Set(),
  absent: [],
  renamed: []
}

const table: Array<[string, Partial<FilesToCheck>, faults: string[], unproven?: string[]]> = [
  ['all is as it was signed', {}, []],
  ['a file has another digest', { files: { ...good.files, [B]: file('c') } }, [`${B} is not as b signed it`]],
  ['a file is missing', { files: { [A]: file('a') } }, [`${B} is missing: b signed it`]],
  ['a file that is missing was not taken', { files: { [A]: file('a') }, absent: [{ path: B, reason: '' }] }, []],
  ['a list is missing', { lists: good.lists.slice(0, 1) }, [`${B} b did not sign it`]],
  [
    'a member lists the file of another',
    { lists: [listOf(a, fileLine(A, file('a')), fileLine(B, file('b'))), ...good.lists] },
    [`files.txt a list of a names ${B}, which is in no folder of its own`]
  ],
  [
    'a member sent a file twice, and one of them is there',
    { lists: [...good.lists, listOf(b, fileLine(B, file('c')))] },
    []
  ],
  [
    'a file arrived under another name beside its own',
    {
      files: { ...good.files, [B2]: file('c') },
      lists: [...good.lists, listOf(b, fileLine(B, file('c')))],
      renamed: [{ path: B, as: B2 }]
    },
    []
  ],
  [
    'a file is said to have arrived in the folder of another',
    { files: { ...good.files, [A2]: file('b') }, renamed: [{ path: B, as: A2 }] },
    [`${A2} a did not sign it`]
  ],
  [
    'two files are said to have arrived under the names of each other',
    {
      files: { ...good.files, [B]: file('c'), [B2]: file('b') },
      lists: [...good.lists, listOf(b, fileLine(B2, file('c')))],
      renamed: [
        { path: B, as: B2 },
        { path: B2, as: B }
      ]
    },
    [`${B} is not as b signed it`, `${B2} is missing: b signed it`]
  ],
  [
    'a file is said to have arrived under the name of another one, which is nowhere',
    {
      files: { ...good.files, [B2]: file('b') },
      lists: [...good.lists, listOf(b, fileLine(B2, file('c')))],
      renamed: [{ path: B, as: B2 }]
    },
    [`${B2} is missing: b signed it`]
  ],
  [
    'a file whose name another one got before it has a name beside it',
    {
      files: { ...good.files, [C]: file('1'), [C2]: file('2'), [C3]: file('3') },
      lists: [
        ...good.lists,
        listOf(b, fileLine(C, file('1'))),
        listOf(b, fileLine(C, file('2')), fileLine(C2, file('3')))
      ],
      renamed: [
        { path: C, as: C2 },
        { path: C2, as: C3 }
      ]
    },
    []
  ],
  [
    'a file is said to have arrived under a name that is like none',
    { files: { ...good.files, [`${B}.old`]: file('b') }, renamed: [{ path: B, as: `${B}.old` }] },
    [`${B}.old b did not sign it`]
  ],
  [
    'a list is of another run',
    { run: '20261122T213015-k3f9ac' },
    [
      `files.txt a list of a is of run ${run}`,
      `files.txt a list of b is of run ${run}`,
      `${A} a did not sign it`,
      `${B} b did not sign it`
    ]
  ],
  [
    'a list has a false signature',
    { lists: [good.lists[0] as FileList, { ...(good.lists[1] as FileList), signature: new Uint8Array(64) }] },
    ['files.txt a list of b is not as it was signed', `${B} b did not sign it`]
  ],
  [
    'an answer names the list that has a false signature',
    {
      lists: [good.lists[0] as FileList, { ...(good.lists[1] as FileList), signature: new Uint8Array(64) }],
      answered: new Set([good.lists[1]?.digest as string])
    },
    []
  ],
  ['a member signs no lists', { lists: good.lists.slice(0, 1), older: new Set([b.peer]) }, [], ['b']],
  [
    'a folder of a stranger',
    { files: { ...good.files, 'sysinfo/begin/c/x': file('c') } },
    ['sysinfo/begin/c/x is in a folder of c, who is no member of the run']
  ],
  ['a file of the controller', { files: { ...good.files, notes: file('c') } }, []],
  [
    'a link, and an empty folder that nobody signed',
    {
      others: {
        l: 'a link to y',
        'sysinfo/begin/a/l': 'a link to x',
        'sysinfo/end/a': 'an empty folder',
        sysinfo: 'an empty folder'
      }
    },
    ['sysinfo/begin/a/l is a link to x, which a did not sign', 'sysinfo/end/a is an empty folder, which a did not sign']
  ],
  [
    'an empty folder that its member signed',
    {
      others: { 'sysinfo/begin/a/e': 'an empty folder' },
      lists: [...good.lists, listOf(a, folderLine('sysinfo/begin/a/e'))]
    },
    []
  ]
]

for (const [what, change, faults, unproven = []] of table) {
  test(what, () => {
    const found = checkSignedFiles({ ...good, ...change })
    assert.equal(
      found.faults.map(({ where, what }) => `${where} ${what}`),
      faults
    )
    assert.equal(
      found.unproven.map(({ path }) => path),
      unproven
    )
  })
}

test.run()
