/** Hostile messages on topics: each passes through the validator, and reaches the subscribers if it is accepted. */
import type { Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import * as fc from 'fast-check'
import { encode, type Schema } from '../../protocols/codec.ts'
import type { Subject } from '../../protocols/envelope.ts'
import { topicName } from '../../protocols/hello.ts'
import { changed, spliced } from './bytes.ts'
import { valuesOf } from './messages.ts'
import { type Target, within } from './target.ts'
import { knownOf } from './values.ts'
import { pubsubOf, type World } from './world.ts'

interface TopicTargetInit {
  /** Of the target. */
  name: string
  /** @returns `<name>` of the topic's name */
  topic(world: World): string
  schema: Schema
  subjects: Subject<any>[]
}

export function topicTarget(init: TopicTargetInit): Target<Uint8Array> {
  return {
    name: `topic ${init.name}`,
    topic: init.topic,
    // `reject` counts against the sending neighbour, `ignore` does not
    refusals: ['reject', 'ignore'] as never[],
    inputs: world => publications(world, init),
    feed: async (world, data) => [await within(init.name, publish(world, init.topic(world), data))]
  }
}

function publications(world: World, { topic, schema, subjects }: TopicTargetInit): fc.Arbitrary<Uint8Array> {
  const valid = valuesOf(schema, knownOf(world, subjects)).map(encode)
  const recorded = world.published.get(topicName(world.target.parts.mesh.mesh, topic(world))) ?? []
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

/** Validates and dispatches a message as gossipsub does. */
async function publish(world: World, name: string, data: Uint8Array): Promise<string> {
  const { network, mesh } = world.target.parts
  const pubsub = pubsubOf(network)
  const topic = topicName(mesh.mesh, name)
  const validate = pubsub.topicValidators.get(topic)
  if (validate == null) throw new Error(`${topic} has no validator`)
  const message: Message = { type: 'unsigned', topic, data }
  const from = peerIdFromString(world.member.parts.identity.peer)
  const verdict: TopicValidatorResult = await validate(from, message)
  if (verdict !== 'accept') return verdict
  pubsub.dispatchEvent(new CustomEvent('message', { detail: message }))
  return 'ok'
}
