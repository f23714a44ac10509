/**
 * The shape of a roadblock: not one round of command and answers but three, over streams of Redis that everyone polls.
 * Followers say that they are there; all-online; they say that they are ready; all-ready and all-go; they say that they go;
 * all-gone. Nobody is signed for. Each process keeps its connection from one barrier to the next, which roadblock does not.
 *
 *   roadblock.ts leader REDIS-PORT FOLLOWERS | roadblock.ts follower REDIS-PORT NUMBER
 */
import { Redis, type Reply } from './resp.ts'
import { serve, within } from './role.ts'

const LIMIT = 60_000
/** Roadblock's own wait for news, ms. */
const BLOCK = 1
/** Answers of the followers, each with what the leader says when all have given it. */
const ROUNDS: Record<string, string[]> = {
  'follower-online': ['all-online'],
  'follower-ready': ['all-ready', 'all-go'],
  'follower-gone': ['all-gone']
}
const REPLIES: Record<string, string> = { 'all-online': 'follower-ready', 'all-go': 'follower-gone' }

const [role = '', port = '', argument = ''] = process.argv.slice(2)
const redis = await Redis.connect(Number(port))
if (role === 'leader') serve(undefined, (question: { barriers: string[] }) => lead(question.barriers, Number(argument)))
else serve(undefined, (question: { barriers: string[] }) => follow(question.barriers))

/** @returns ms from the first step to the last, of each barrier */
async function lead(barriers: string[], followers: number): Promise<number[]> {
  const took: number[] = []
  for (const barrier of barriers) {
    const began = performance.now()
    await within(leadOne(barrier, followers), LIMIT, 'a barrier')
    took.push(performance.now() - began)
    await redis.command('DEL', `${barrier}:leader`)
  }
  return took
}

async function leadOne(barrier: string, followers: number): Promise<void> {
  await tell(barrier, 'followers', 'leader-online')
  const counts = new Map<string, number>()
  for await (const word of heard(barrier, 'leader')) {
    const count = (counts.get(word) ?? 0) + 1
    counts.set(word, count)
    if (count < followers) continue
    for (const each of ROUNDS[word] ?? []) await tell(barrier, 'followers', each)
    if (word === 'follower-gone') return
  }
}

async function follow(barriers: string[]): Promise<void> {
  for (const barrier of barriers) {
    await tell(barrier, 'leader', 'follower-online')
    for await (const word of heard(barrier, 'followers')) {
      const reply = REPLIES[word]
      if (reply != null) await tell(barrier, 'leader', reply)
      if (word === 'all-gone') break
    }
  }
}

function tell(barrier: string, to: string, word: string): Promise<Reply> {
  return redis.command('XADD', `${barrier}:${to}`, '*', 'msg', JSON.stringify({ word, padding: 'x'.repeat(200) }))
}

async function* heard(barrier: string, by: string): AsyncGenerator<string> {
  for (let last = '0-0'; ; ) {
    const reply = (await redis.command('XREAD', 'BLOCK', BLOCK, 'STREAMS', `${barrier}:${by}`, last)) as Reply[] | null
    const [[, entries = []] = []] = (reply ?? []) as Array<[string, Array<[string, [string, string]]>]>
    for (const [id, [, text]] of entries) {
      last = id
      yield JSON.parse(text).word
    }
  }
}
