/** A file of 100 MB to many peers: what its source sends, and how long it takes until all have it. */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { SCP } from '../carriers.ts'
import { BAK, type Figure, figure, most } from '../figure.ts'
import { fill, noise } from '../files.ts'
import { alternate, type Contender, type Entrant, enter } from '../measure.ts'
import { DRIVER, MEMBER_LABEL, type Mesh, membersThatFit } from '../mesh.ts'
import { startSshd } from '../peers/sshd.ts'

const SIZES = [8, 16, 32, 64]
/** 100.7 MB. */
const FILE_MIB = 96
/** A round writes the file as often as there are members: a few are enough. */
const MOST_ROUNDS = 3
/** A loop of so many copies takes a minute: it grows with them, and need not be shown to. */
const MOST_COPIES = 16
const LOOP = `${SCP} loop`

export async function* measure(bench: Bench): AsyncGenerator<Figure> {
  const { peers, rounds } = bench.options
  const repetitions = { rounds: Math.min(rounds, MOST_ROUNDS), warmUps: 0 }
  const folder = await bench.scratch('staged')
  const fits = membersThatFit() + (bench.there?.members ?? 0)
  for (const members of SIZES.filter(each => each <= Math.min(peers, fits))) {
    const mesh = await bench.mesh(members)
    const loop = members > MOST_COPIES ? [] : [await enter(LOOP, () => copies(bench, members, folder))]
    const outcomes = await alternate([stages(mesh, folder), ...loop], repetitions)
    const what = `100 MB to ${members} peers`
    yield* [
      figure(`${what}, bytes out of the source`, 'x the file', 'times', outcomes, {
        budgets: [most(4, 'x the file')],
        note: `of bak all that the process of the source wrote until the last peer had it; the ${LOOP} sends the file to each`
      }),
      figure(`${what}, until all have it`, 's', 'seconds', outcomes, {
        note: `all peers share the cores and the disk of one machine; ${LOOP} copies one after the other, to the same disk`
      })
    ]
  }
}

/** Figures: `times` the file that the source sent, and `seconds`. */
function stages(mesh: Mesh, folder: string): Contender {
  return {
    name: BAK,
    async round() {
      // no peer has a file of other bytes
      const path = await fill(join(folder, 'file'), FILE_MIB, noise)
      const request = { path, directory: folder, on: MEMBER_LABEL }
      let [began, before, bytes, digest] = [0, 0, 0, '']
      for await (const answer of mesh.testnet.call(DRIVER, 'stage', request)) {
        if (answer.state === 'failed') throw new Error(`${answer.name}: ${answer.error}`)
        if (answer.state !== 'taken') continue
        ;[began, before, bytes, digest] = [performance.now(), writtenBy(mesh), answer.bytes, answer.digest]
      }
      const [seconds, sent] = [(performance.now() - began) / 1000, writtenBy(mesh) - before]
      for await (const _ of mesh.testnet.call(DRIVER, 'unstage', { what: digest }));
      return { times: sent / bytes, seconds }
    }
  }
}

/** Bytes that the controller has written so far; when it has taken the file in, these go to its connections. */
function writtenBy(mesh: Mesh): number {
  const [, written] = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${mesh.pidOf(DRIVER)}/io`, 'utf8')) ?? []
  return Number(written)
}

async function copies(bench: Bench, members: number, folder: string): Promise<Entrant> {
  const sshd = await startSshd(await bench.scratch('sshd'))
  if ('absent' in sshd) return { name: LOOP, ...sshd }
  bench.after(() => sshd.stop())
  const path = await fill(join(folder, 'copied'), FILE_MIB, noise)
  return {
    name: LOOP,
    rounds: 1,
    async round() {
      const began = performance.now()
      const made = Array.from({ length: members }, (_, i) => join(folder, `copy-${i}`))
      for (const each of made) await sshd.scp(path, each)
      const seconds = (performance.now() - began) / 1000
      await Promise.all(made.map(each => rm(each, { force: true })))
      return { times: members, seconds }
    }
  }
}
