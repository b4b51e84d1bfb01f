import { type CommitIndex, decodeFault, Reader, unreachable, Writer } from '@novacron/base'
import { type BatchReference, readBatchReference, writeBatchReference } from '../dag/header.ts'
import type { MessageCodec } from '../orderer.ts'
import { type Entry, readEntry, writeEntry } from './entry.ts'
import { appendEntriesLimit, forwardBatchesLimit } from './options.ts'

/** Nothing is signed: links are authenticated, and every member is trusted to say what is so. */
export type SingleLeaderMessage =
  | RequestVote
  | { readonly type: 'vote'; readonly term: number; readonly isTrial: boolean }
  | Append
  | Appended
  /** Own batches of a follower that are not committed, all of them, in the order in which they are to be run. */
  | { readonly type: 'forward'; readonly batches: readonly BatchReference[] }
  /** The leader has no entries up to `lowest` any more. */
  | { readonly type: 'forgotten'; readonly term: number; readonly lowest: CommitIndex }

export interface RequestVote {
  readonly type: 'request-vote'
  readonly term: number
  readonly lastIndex: CommitIndex
  readonly lastTerm: number
  /** Would you? Nobody's term changes by asking. */
  readonly isTrial: boolean
}

export interface Append {
  readonly type: 'append'
  readonly term: number
  readonly previousIndex: CommitIndex
  readonly previousTerm: number
  readonly commitIndex: CommitIndex
  readonly entries: readonly Entry[]
}

export interface Appended {
  readonly type: 'appended'
  readonly term: number
  /** `match`: all up to `index` is stored here, with its payload. `gap`: begin again after `index`. */
  readonly answer: 'match' | 'gap'
  readonly index: CommitIndex
}

const kinds: readonly SingleLeaderMessage['type'][] = [
  'request-vote',
  'vote',
  'append',
  'appended',
  'forward',
  'forgotten'
]

export const singleLeaderCodec: MessageCodec<SingleLeaderMessage> = {
  encode(message) {
    const writer = Writer.pooled(512).u8(kinds.indexOf(message.type))
    switch (message.type) {
      case 'request-vote':
        writer.u64(message.term).u64(message.lastIndex).u64(message.lastTerm)
        writer.u8(Number(message.isTrial))
        break
      case 'vote':
        writer.u64(message.term).u8(Number(message.isTrial))
        break
      case 'append':
        writer.u64(message.term).u64(message.previousIndex).u64(message.previousTerm)
        writer.u64(message.commitIndex)
        writer.list(message.entries, entry => writeEntry(writer, entry))
        break
      case 'appended':
        writer
          .u64(message.term)
          .u8(Number(message.answer === 'gap'))
          .u64(message.index)
        break
      case 'forward':
        writer.list(message.batches, batch => writeBatchReference(writer, batch))
        break
      case 'forgotten':
        writer.u64(message.term).u64(message.lowest)
        break
      default:
        return unreachable(message)
    }
    return writer.finish()
  },
  decode(bytes) {
    const reader = new Reader(bytes)
    const message = readMessage(reader)
    reader.end()
    return message
  }
}

function readMessage(reader: Reader): SingleLeaderMessage {
  const kind = reader.u8()
  const type = kinds[kind]
  switch (type) {
    case 'request-vote':
      return {
        type,
        term: reader.u64(),
        lastIndex: readIndex(reader),
        lastTerm: reader.u64(),
        isTrial: readFlag(reader)
      }
    case 'vote':
      return { type, term: reader.u64(), isTrial: readFlag(reader) }
    case 'append':
      return readAppend(reader)
    case 'appended': {
      const term = reader.u64()
      const answer = readFlag(reader) ? 'gap' : 'match'
      return { type, term, answer, index: readIndex(reader) }
    }
    case 'forward':
      return { type, batches: reader.list('batches', forwardBatchesLimit, readBatchReference) }
    case 'forgotten':
      return { type, term: reader.u64(), lowest: readIndex(reader) }
    case undefined:
      throw decodeFault({ code: 'bad-value', field: 'message kind', value: `${kind}` })
    default:
      return unreachable(type)
  }
}

function readAppend(reader: Reader): Append {
  const append: Append = {
    type: 'append',
    term: reader.u64(),
    previousIndex: readIndex(reader),
    previousTerm: reader.u64(),
    commitIndex: readIndex(reader),
    entries: reader.list('entries', appendEntriesLimit, readEntry)
  }
  append.entries.forEach(({ index }, at) => {
    if (index === append.previousIndex + at + 1) return
    throw decodeFault({ code: 'bad-value', field: 'entries', value: 'a gap' })
  })
  return append
}

const readIndex = (reader: Reader): CommitIndex => reader.u64() as CommitIndex

function readFlag(reader: Reader): boolean {
  const value = reader.u8()
  if (value > 1) throw decodeFault({ code: 'bad-value', field: 'flag', value: `${value}` })
  return value === 1
}
