/** Topics: what a member, a stranger or nobody publishes goes through the validator, and to whoever listens if it is let through. */
import type { Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import * as fc from 'fast-check'
import { encode, type Schema } from '../../protocols/codec.ts'
import type { Subject } from '../../protocols/envelope.ts'
import { runTopicName, topicName } from '../../protocols/hello.ts'
import { changed, spliced } from './bytes.ts'
import { valuesOf } from './messages.ts'
import { type Target, within } from './target.ts'
import { knownOf } from './values.ts'
import { pubsubOf, type World } from './world.ts'

/** Stands for the topic of the run that goes on. */
export const RUN_TOPIC = 'of a run'

export interface TopicTargetInit {
  /** The part of the topic's name that is its own; `RUN_TOPIC` is that of the run that goes on. */
  topic: string
  schema: Schema
  subjects: Subject<any>[]
}

export function topicTarget(init: TopicTargetInit): Target<Uint8Array> {
  return {
    name: `topic ${init.topic}`,
    // how a message is refused on a topic: it counts against who sent it on, or it does not
    refusals: ['reject', 'ignore'] as never[],
    inputs: world => publications(world, init),
    feed: async (world, data) => [await within(init.topic, publish(world, init.topic, data))]
  }
}

function publications(world: World, { topic, schema, subjects }: TopicTargetInit): fc.Arbitrary<Uint8Array> {
  const valid = valuesOf(schema, knownOf(world, subjects)).map(encode)
  const recorded = world.published.get(nameOf(world, topic)) ?? []
  const good = recorded.length === 0 ? valid : fc.constantFrom(...recorded)
  return fc.oneof(
    { weight: 6, arbitrary: valid },
    { weight: 3, arbitrary: changed(good) },
    { weight: 3, arbitrary: changed(valid) },
    { weight: 1, arbitrary: spliced(fc.oneof(good, valid)) },
    { weight: 1, arbitrary: good },
    { weight: 1, arbitrary: fc.jsonValue().map(encode) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 256 }) }
  )
}

export function nameOf({ target, live }: World, topic: string): string {
  const { mesh } = target.parts.mesh
  return topic === RUN_TOPIC ? runTopicName(mesh, live) : topicName(mesh, topic)
}

/** As gossipsub does. */
async function publish(world: World, name: string, data: Uint8Array): Promise<string> {
  const pubsub = pubsubOf(world.target.parts.network)
  const topic = nameOf(world, name)
  const validate = pubsub.topicValidators.get(topic)
  if (validate == null) throw new Error(`nobody looks at what comes on ${topic}`)
  const message: Message = { type: 'unsigned', topic, data }
  const from = peerIdFromString(world.member.parts.identity.peer)
  const verdict: TopicValidatorResult = await validate(from, message)
  if (verdict !== 'accept') return verdict
  pubsub.dispatchEvent(new CustomEvent('message', { detail: message }))
  return 'ok'
}
