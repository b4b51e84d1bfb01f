import { concatBytes } from '@novacron/base'
import type { RawStream } from '../../src/link/raw-stream.ts'
import { encodeRecords, recordSplitter, type WireRecord } from '../../src/wire/record.ts'

type Listener = (event: unknown) => void

/** A stream that takes what the test lets it take. */
export class FakeStream {
  readonly writes: Uint8Array[] = []
  readonly listeners = new Map<string, Listener>()
  writableNeedsDrain = false
  /** Writes until it asks to wait. */
  room = Number.POSITIVE_INFINITY
  isBroken = false
  isAborted = false

  get raw(): RawStream {
    return this as unknown as RawStream
  }

  send(bytes: Uint8Array): boolean {
    if (this.isBroken) throw new Error('Cannot write to a stream that is closed')
    this.writes.push(bytes)
    this.room -= 1
    this.writableNeedsDrain = this.room <= 0
    return !this.writableNeedsDrain
  }

  abort(): void {
    this.isAborted = true
  }

  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, listener)
  }

  emit(type: string, event: unknown = {}): void {
    this.listeners.get(type)?.(event)
  }

  receive(...records: readonly WireRecord[]): void {
    this.emit('message', { data: concatBytes([...encodeRecords(records)]) })
  }

  records(): WireRecord[] {
    return [...recordSplitter(() => undefined)(this.writes)]
  }
}
