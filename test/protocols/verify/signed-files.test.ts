/** Files of a result held against the lists that their members signed. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Signer } from '../../../protocols/envelope.ts'
import { type FileList, fileLine, folderLine, sealFileList, splitFileLists } from '../../../protocols/file-list.ts'
import { answerOf, checkSignedFiles, type FilesToCheck, olderMembers } from '../../../protocols/verify/signed-files.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('files that members signed')
const run = '20261122T213015-k3f9ab'
const [a, b] = [newSigner(), newSigner()]
const file = (fill: string) => ({ sha256: fill.repeat(64), bytes: 1 })
const A = 'sysinfo/begin/a/os.json'
const B = 'sysinfo/begin/b/os.json'
const C = 'sysinfo/begin/b/cpu.json'
/** As a receiver names files whose names are taken. */
const [A2, B2] = [A, B].map(path => path.replace('.', '-2.')) as [string, string]

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
    [`${B} is not all that b signed of it: it sent this file more than once`]
  ],
  ['a member sent a file twice alike', { lists: [...good.lists, listOf(b, fileLine(B, file('b')), '')] }, []],
  [
    'two files of a member are said to have arrived in the place of each other',
    {
      files: { ...good.files, [B]: file('c'), [C]: file('b') },
      lists: [...good.lists, listOf(b, fileLine(C, file('c')))],
      renamed: [
        { path: B, as: C },
        { path: C, as: B }
      ]
    },
    [`${B} is not as b signed it`, `${C} is not as b signed it`]
  ],
  [
    'a file is said to have arrived in the place of another',
    {
      files: { ...good.files, [B2]: file('b') },
      lists: [...good.lists, listOf(b, fileLine(B2, file('c')))],
      renamed: [{ path: B, as: B2 }]
    },
    [`${B2} is missing: b signed it`]
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
      answered: new Set([answerOf(b.peer, good.lists[1]?.digest as string)])
    },
    []
  ],
  [
    'an answer of another member names the list that has a false signature',
    {
      lists: [good.lists[0] as FileList, { ...(good.lists[1] as FileList), signature: new Uint8Array(64) }],
      answered: new Set([answerOf(a.peer, good.lists[1]?.digest as string)])
    },
    ['files.txt a list of b is not as it was signed', `${B} b did not sign it`]
  ],
  [
    'a folder looks like that of a member',
    {
      files: { ...good.files, 'sysinfo/begin/\u0430/os.json': file('c'), '1-x/sample01/workload/a/x': file('c') },
      others: { 'sysinfo/b': 'a link to begin/b', 'sysinfo/end/c': 'a link to b' }
    },
    [
      'sysinfo/begin/\u0430/os.json is in no folder that a result has',
      '1-x/sample01/workload/a/x is in no folder that a result has',
      'sysinfo/b is a link to begin/b, in no folder that a result has',
      'sysinfo/end/c is a link to b, of c, who is no member of the run'
    ]
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

test('a member signs no lists if it announced a tarball without one, or none came of it', () => {
  const sent = [{ peer: a.peer }, { peer: a.peer, files: 'x' }, { peer: b.peer }]
  const older = (listing: string[], unlisted: string[]) =>
    [...olderMembers(sent, { listing: new Set(listing), unlisted: new Set(unlisted) })].sort()
  assert.equal(older([], []), [a.peer, b.peer].sort())
  assert.equal(older([a.peer], []), [b.peer])
  assert.equal(older([a.peer, b.peer], [a.peer]), [a.peer])
})

test.run()
