/** Which members may run a job, and what is said where none can. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type JobMember, type Requirements, whyNobody, whyNot } from '../../../node/run/jobs/eligible.ts'

const test = suite('members that may run a job')

const GIB = 1024 ** 3
const member = (given: Partial<JobMember> = {}): JobMember => ({
  ...{ peer: 'p1', name: 'n1', rank: 0, fits: selector => selector === 'all', cores: 4, memory: 8 * GIB },
  ...{ platform: 'linux-x64', slots: 2 },
  ...given
})
const job = (given: Partial<Requirements> = {}): Requirements => ({
  ...{ on: 'all', cores: 0, memory: 0, slots: 1 },
  ...given
})

const cases: Array<[string, Partial<Requirements>, Partial<JobMember>, string | undefined]> = [
  ['that asks nothing', {}, {}, undefined],
  ['of a selector', { on: 'gpu=1' }, {}, 'does not fit gpu=1'],
  ['on one whose owner refuses', {}, { slots: 0, why: 'allows no jobs' }, 'allows no jobs'],
  ['of as many cores as there are', { cores: 4 }, {}, undefined],
  ['of more cores', { cores: 5 }, {}, 'has 4 of 5 cores'],
  ['of more memory', { memory: 16 * GIB }, {}, 'has 8 GiB of 16 GiB memory'],
  ['of this platform', { platform: 'linux-x64' }, {}, undefined],
  ['of another platform', { platform: 'linux-arm64' }, {}, 'is linux-x64, not linux-arm64'],
  ['of more slots than there are', { slots: 3 }, {}, 'has 2 of 3 slots'],
  ['in an image where there is no podman', { image: 'gcc:13' }, {}, 'runs no images'],
  [
    'in an image that is not there',
    { image: 'gcc:13' },
    { images: ['debian:13'] },
    'has no image gcc:13, or its owner does not allow it (allow.images)'
  ],
  ['in an image that is', { image: 'docker.io/library/gcc:13' }, { images: ['docker.io/library/gcc:13'] }, undefined]
]
for (const [what, asked, has, expected] of cases) {
  test(`a job ${what} ${expected == null ? 'is' : 'is not'} for this member`, () =>
    assert.is(whyNot(job(asked), member(has)), expected))
}

test('where no member has what is asked, the best of them is named, for each requirement', () => {
  const members = [member({ cores: 2 }), member({ name: 'n2', cores: 8, memory: 2 * GIB })]
  assert.is(
    whyNobody(job({ cores: 16, memory: 32 * GIB, platform: 'linux-arm64', slots: 3 }), members),
    'it needs 16 cores, and the most is 8, on n2; it needs 32 GiB of memory, and the most is 8 GiB, on n1; ' +
      'it needs linux-arm64, and there is linux-x64; it takes 3 slots, and the most is 2, on n1'
  )
})

test('of members that are not meant nothing is said', () => {
  const members = [member({ fits: () => true, cores: 2 }), member({ peer: 'p2', name: 'n2', cores: 64, slots: 64 })]
  assert.is(
    whyNobody(job({ on: 'n1', cores: 16, slots: 9 }), members),
    'it needs 16 cores, and the most is 2, on n1; it takes 9 slots, and the most is 2, on n1'
  )
  const out = new Map([['p1', 'refused it: not allowed']])
  assert.is(whyNobody(job({ on: 'n1' }), members, out), 'no member can run it: n1 refused it: not allowed')
})

test('where no member has slots, only the reason of their owners is said', () => {
  const none = member({ slots: 0, why: 'allows no jobs' })
  assert.is(whyNobody(job({ slots: 2 }), [none]), 'no member runs jobs of this run: n1 allows no jobs')
})

test('where each lacks something else, each is named, up to a bound', () => {
  const members = [member({ cores: 2 }), member({ peer: 'p2', name: 'n2', slots: 1 })]
  assert.is(
    whyNobody(job({ cores: 4, slots: 2 }), members),
    'no member can run it: n1 has 2 of 4 cores; n2 has 1 of 2 slots'
  )
  const many = Array.from({ length: 9 }, (_, i) => member({ peer: `p${i}`, name: `n${i}` }))
  const out = new Map(many.map(({ peer }) => [peer, 'refused it: not allowed']))
  assert.match(whyNobody(job(), many, out), /^no member can run it: n0 refused it: not allowed; .*; 5 more$/)
  assert.is(whyNobody(job(), []), 'there is no member that runs jobs')
})

test.run()
