import { createHash } from 'node:crypto'
import {
  type GossipSub,
  type GossipSubComponents,
  type GossipsubMessage,
  gossipsub,
  type Message,
  type TopicValidatorResult
} from '@chainsafe/libp2p-gossipsub'
import { ascii, type PeerId, toPeerId } from '@novacron/base'
import { type GossipTopic, gossipTopics, type MeshEvent, type MeshHandlers } from '../mesh.ts'
import type { MeshOptions } from '../options.ts'
import { topicName, topicOfName } from '../protocol.ts'
import { outside } from '../rethrow.ts'
import { TokenBucket } from './token-bucket.ts'

/** What gossipsub's own interface leaves out. */
export type GossipService = GossipSub & {
  reportMessageValidationResult(id: string, from: string, result: string): void
}

export interface GossipNeeds {
  readonly handlers: Pick<MeshHandlers, 'onGossip'>
  emit(event: MeshEvent): void
  penalize(peer: PeerId, code: string): void
}

/** Bytes of one RPC: a peer that asks for what it missed may get many messages in one. */
const rpcBytesMax = 4 * 1024 * 1024
const peersWithSubscriptionsBytesMax = 16 * 1024

/**
 * The gossipsub service. No signatures of its own (messages carry ours inside), nothing passed on before `onGossip` said
 * so, only our topics. Committee members are no explicit peers: those are exempt from scoring, and each message would go
 * to all of them from all of them.
 */
export function gossipService(
  { chain, gossip }: MeshOptions,
  penaltyOf: (peer: PeerId) => number
): (components: GossipSubComponents) => GossipService {
  const make = gossipsub({
    globalSignaturePolicy: 'StrictNoSign',
    fallbackToFloodsub: false,
    allowedTopics: gossipTopics.map(topic => topicName(chain, topic)),
    asyncValidation: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    doPX: false,
    heartbeatInterval: gossip.heartbeatMs,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: rpcBytesMax,
    maxOutboundBufferSize: rpcBytesMax,
    maxTopicBytesPerPeer: peersWithSubscriptionsBytesMax,
    msgIdFn: messageId,
    scoreParams: {
      // Many honest nodes share one address in a laboratory, or behind one router.
      IPColocationFactorWeight: 0,
      appSpecificWeight: 1,
      appSpecificScore: peer => -penaltyOf(toPeerId(peer))
    }
  })
  return components => make(components) as GossipService
}

/** Our topics over gossipsub: sizes, rates and the verdict of the handler before anything is passed on. */
export class Gossip {
  readonly #options: MeshOptions
  readonly #service: GossipService
  readonly #needs: GossipNeeds
  readonly #bucket: TokenBucket

  constructor(options: MeshOptions, service: GossipService, needs: GossipNeeds) {
    this.#options = options
    this.#service = service
    this.#needs = needs
    const { publishPerSecondMax, publishBurstMax } = options.gossip
    this.#bucket = new TokenBucket(publishPerSecondMax, publishBurstMax, performance.now())
    service.addEventListener('gossipsub:message', event => this.#receive(event.detail))
    for (const topic of gossipTopics) service.subscribe(topicName(options.chain, topic))
  }

  publish(topic: GossipTopic, message: Uint8Array): void {
    const drop = (reason: 'too-large' | 'too-frequent' | 'failed'): void =>
      this.#needs.emit({ type: 'gossip-dropped', topic, reason })
    if (message.length > this.#bytesMax(topic)) drop('too-large')
    else if (!this.#bucket.take(performance.now())) drop('too-frequent')
    else {
      this.#service
        .publish(topicName(this.#options.chain, topic), message)
        .catch(() => drop('failed'))
    }
  }

  #receive({ msg, msgId, propagationSource }: GossipsubMessage): void {
    const topic = topicOfName(this.#options.chain, msg.topic)
    if (topic === undefined) return
    const relayedBy = toPeerId(propagationSource.toString())
    const verdict = this.#judge(topic, msg, relayedBy)
    this.#service.reportMessageValidationResult(msgId, relayedBy, verdict)
  }

  #judge(topic: GossipTopic, message: Message, relayedBy: PeerId): `${TopicValidatorResult}` {
    const { onGossip } = this.#needs.handlers
    const isTooLarge = message.data.length > this.#bytesMax(topic)
    const verdict = isTooLarge
      ? 'reject'
      : (outside(() => onGossip(topic, message.data, relayedBy)) ?? 'ignore')
    if (verdict === 'reject') {
      const reason = isTooLarge ? 'too-large' : 'handler'
      this.#needs.emit({ type: 'gossip-rejected', topic, relayedBy, reason })
      this.#needs.penalize(relayedBy, 'gossip-rejected')
    }
    return verdict
  }

  #bytesMax(topic: GossipTopic): number {
    const { hintBytesMax, checkpointBytesMax } = this.#options.gossip
    return topic === 'checkpoints' ? checkpointBytesMax : hintBytesMax
  }
}

/** The same bytes on two topics are two messages. */
function messageId({ topic, data }: Message): Uint8Array {
  return createHash('sha256')
    .update(ascii(`${topic}\0`))
    .update(data)
    .digest()
    .subarray(0, 20)
}
