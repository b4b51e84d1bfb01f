import type { StreamClass } from '@novacron/base'
import { type GossipTopic, gossipTopics } from './mesh.ts'

/** Nodes of another chain, or another version of the wire, have no protocol in common with us. */
function prefixOf(chain: string): string {
  return `/novacron/1/${chain.slice(0, 16)}`
}

export function streamProtocol(chain: string, streamClass: StreamClass): string {
  return `${prefixOf(chain)}/${streamClass}`
}

/** On this stream two peers agree on direct sockets. */
export function directProtocol(chain: string): string {
  return `${prefixOf(chain)}/direct`
}

export function topicName(chain: string, topic: GossipTopic): string {
  return `${prefixOf(chain)}/gossip/${topic}`
}

export function topicOfName(chain: string, name: string): GossipTopic | undefined {
  return gossipTopics.find(topic => topicName(chain, topic) === name)
}

/** DNS-SD service under which the nodes of a chain find one another on a local network. */
export function mdnsService(chain: string): string {
  return `_novacron-${chain.slice(0, 16)}._udp.local`
}
