import {
  ascii,
  decodeFault,
  type Hash,
  Reader,
  toPeerId,
  unreachable,
  Writer
} from '@novacron/base'
import { type MempoolMessage, type MessageCodec, mempoolCodec } from '@novacron/consensus'
import {
  type CheckpointCertificate,
  type CheckpointMessage,
  checkpointCodec,
  readCertificate,
  type SnapshotMessage,
  snapshotCodec,
  writeCertificate
} from '@novacron/execution'
import { type Evidence, evidenceObjectBytesMax, evidenceObjectsMax } from './evidence.ts'
import { readHead, type SignedHead, writeHead } from './head.ts'

/** What replicas send one another: each layer's messages under its own byte. `Order` is the protocol's. */
export type ReplicaMessage<Order = unknown> =
  | { readonly layer: 'order'; readonly message: Order }
  | { readonly layer: 'mempool'; readonly message: MempoolMessage }
  | { readonly layer: 'checkpoint'; readonly message: CheckpointMessage }
  | { readonly layer: 'snapshot'; readonly message: SnapshotMessage }

const layers: readonly ReplicaMessage['layer'][] = ['order', 'mempool', 'checkpoint', 'snapshot']

export function replicaCodec<Order>(
  orderCodec: MessageCodec<Order>,
  hash: Hash
): MessageCodec<ReplicaMessage<Order>> {
  const mempool = mempoolCodec(hash)
  const encodeInner = (message: ReplicaMessage<Order>): Uint8Array => {
    switch (message.layer) {
      case 'order':
        return orderCodec.encode(message.message)
      case 'mempool':
        return mempool.encode(message.message)
      case 'checkpoint':
        return checkpointCodec.encode(message.message)
      case 'snapshot':
        return snapshotCodec.encode(message.message)
      default:
        return unreachable(message)
    }
  }
  return {
    encode(message) {
      const inner = encodeInner(message)
      return Writer.pooled(inner.length + 1)
        .u8(layers.indexOf(message.layer))
        .raw(inner)
        .finish()
    },
    decode(bytes) {
      const layer = layers[new Reader(bytes).u8()]
      const inner = bytes.subarray(1)
      switch (layer) {
        case 'order':
          return { layer, message: orderCodec.decode(inner) }
        case 'mempool':
          return { layer, message: mempool.decode(inner) }
        case 'checkpoint':
          return { layer, message: checkpointCodec.decode(inner) }
        case 'snapshot':
          return { layer, message: snapshotCodec.decode(inner) }
        default:
          throw decodeFault({ code: 'bad-value', field: 'layer', value: `${bytes[0]}` })
      }
    }
  }
}

/** Small, for everyone, observers included; each kind is a topic of its own. */
export type GossipMessage =
  | { readonly topic: 'heads'; readonly head: SignedHead }
  | { readonly topic: 'checkpoints'; readonly certificate: CheckpointCertificate }
  | { readonly topic: 'evidence'; readonly evidence: Evidence }

export function encodeGossip(message: GossipMessage): Uint8Array {
  const writer = Writer.pooled(512)
  switch (message.topic) {
    case 'heads':
      writeHead(writer, message.head)
      break
    case 'checkpoints':
      writeCertificate(writer, message.certificate)
      break
    case 'evidence':
      writer.bytes(ascii(message.evidence.against)).bytes(ascii(message.evidence.kind))
      writer.list(message.evidence.objects, object => writer.bytes(object))
      break
    default:
      return unreachable(message)
  }
  return writer.finish()
}

/** @throws {Fault<DecodeFault>} */
export function decodeGossip(topic: GossipMessage['topic'], bytes: Uint8Array): GossipMessage {
  const reader = new Reader(bytes)
  const message = readGossip(topic, reader)
  reader.end()
  return message
}

function readGossip(topic: GossipMessage['topic'], reader: Reader): GossipMessage {
  switch (topic) {
    case 'heads':
      return { topic, head: readHead(reader) }
    case 'checkpoints':
      return { topic, certificate: readCertificate(reader) }
    case 'evidence':
      return {
        topic,
        evidence: {
          against: readPeer(reader),
          kind: readAscii(reader, 64),
          objects: reader.list('objects', evidenceObjectsMax, r =>
            r.bytes('object', evidenceObjectBytesMax).slice()
          )
        }
      }
    default:
      return unreachable(topic)
  }
}

function readPeer(reader: Reader): Evidence['against'] {
  const text = readAscii(reader, 128)
  try {
    return toPeerId(text)
  } catch {
    throw decodeFault({ code: 'bad-value', field: 'peer', value: text })
  }
}

function readAscii(reader: Reader, max: number): string {
  const text = String.fromCharCode(...reader.bytes('text', max))
  if (/^[\x20-\x7e]*$/.test(text)) return text
  throw decodeFault({ code: 'bad-value', field: 'text', value: text })
}
