/** What a member says that it has for the jobs of a run, and how each job is judged. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { jobsHere, judgeOf } from '../../../node/agent/allow/jobs-here.ts'
import { BakError, type ErrorCode } from '../../../protocols/errors.ts'
import { PLATFORM } from '../../../protocols/staged.ts'
import { controller, member, offer, specOf } from '../../protocols/samples.ts'

const test = suite('what a member has for jobs')

type Owner = Parameters<typeof judgeOf>[0]

const offerOf = (job: object[], mayHaveJobs = true) => ({
  ...{ ...offer, controller: controller.peer, spec: specOf({ command: undefined, job }) },
  candidates: [{ peer: member.peer, name: 'a', tools: [], ...(mayHaveJobs ? { jobs: true as const } : {}) }]
})

/** @param refused words of commands that the owner does not let run @param images those that are here */
function ownerWith({ refused = [], images = [] }: { refused?: string[]; images?: string[] }) {
  const asked: string[] = []
  const owner: Owner = {
    check: async (_, __, brought = []) => {
      const word = brought.flatMap(({ commands }) => commands.flat()).find(each => refused.includes(each))
      if (word != null) throw new BakError('not-allowed', `allow.exec does not name ${word}`)
    },
    checkImage: async (_, image) => {
      asked.push(image)
      if (!images.includes(image)) throw new BakError('tool-unavailable', `there is no image ${image} here`)
      return { id: `id of ${image}`, names: [image] }
    }
  }
  return { owner, asked }
}

const command = (name: string, ...words: string[]) => ({ name, command: words })

test('a member that is offered no jobs says nothing of them', async () => {
  const { owner } = ownerWith({})
  assert.is(await jobsHere(offerOf([command('a', 'true')], false), member.peer, { owner, slots: 4 }), undefined)
})

test('one of whose jobs some may run has its slots', async () => {
  const { owner } = ownerWith({ refused: ['cc'] })
  const said = await jobsHere(offerOf([command('a', 'cc'), command('b', 'true')]), member.peer, { owner, slots: 4 })
  assert.equal([said?.slots, said?.why, said?.platform, said?.images], [4, undefined, PLATFORM, undefined])
  assert.ok((said?.memory ?? 0) > 0)
})

test('one whose owner lets none of them run has no slots, and says why the first may not', async () => {
  const { owner } = ownerWith({ refused: ['cc', 'ld'] })
  const said = await jobsHere(offerOf([command('a', 'cc'), command('b', 'ld')]), member.peer, { owner, slots: 4 })
  assert.equal([said?.slots, said?.why], [0, 'allow.exec does not name cc'])
})

test('one of more jobs than are judged at once has its slots: each is judged when it is offered', async () => {
  const { owner } = ownerWith({ refused: ['cc'] })
  const jobs = Array.from({ length: 300 }, (_, i) => command(`j${i}`, i === 299 ? 'true' : 'cc'))
  assert.is((await jobsHere(offerOf(jobs), member.peer, { owner, slots: 4 }))?.slots, 4)
})

test('images of the jobs that are here are named, each asked for once', async () => {
  const { owner, asked } = ownerWith({ images: ['gcc:14'] })
  const jobs = ['gcc:14', 'gcc:14', 'other:1'].map((image, i) => ({ ...command(`j${i}`, 'true'), image }))
  const said = await jobsHere(offerOf(jobs), member.peer, { owner, slots: 2 })
  assert.equal([said?.slots, said?.images], [2, ['gcc:14']])
  assert.equal(asked, ['gcc:14', 'other:1'])
})

test('a job in an image is judged by that, and not by its command', async () => {
  const { owner } = ownerWith({ refused: ['cc'], images: ['gcc:14'] })
  const spec = specOf({ command: undefined, job: [{ ...command('a', 'cc'), image: 'gcc:14' }, command('b', 'cc')] })
  const judge = judgeOf(owner, { spec, controller: controller.peer })
  const [inImage, plain] = spec.job
  assert.is(await judge(inImage as never), 'id of gcc:14')
  assert.is(await judge(plain as never).catch(({ code }: { code: ErrorCode }) => code), 'not-allowed')
})

test('what is no judgement of the owner is an error of the answer', async () => {
  const owner = { ...ownerWith({}).owner, check: () => Promise.reject(new BakError('io', 'no disk')) }
  const failed = jobsHere(offerOf([command('a', 'true')]), member.peer, { owner, slots: 1 })
  assert.is(await failed.catch(({ code }: { code: ErrorCode }) => code), 'io')
})

test.run()
