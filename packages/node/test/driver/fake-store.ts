import { type Digest, Fault, toHex, type Write } from '@novacron/base'
import { isDiskFull } from '../../src/driver/disk-full.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { BatchStore, Entry, RangeOptions, Store, StoreStats } from '../../src/store/store.ts'
import type { StoreFacts } from '../../src/store/store-fault.ts'

export const diskFull = (): Fault<StoreFacts> =>
  new Fault({ code: 'disk-full', path: '/disk', reason: 'no room' })

interface Flush {
  readonly done: () => void
  readonly fail: (error: unknown) => void
}

/** A memory store whose flushes end when the test says so, and whose disk can be full. */
export class FakeStore implements Store {
  readonly inner = new MemoryStore()
  readonly batches: { -readonly [K in keyof BatchStore]: BatchStore[K] }
  /** What happened, in order. */
  readonly trace: string[]
  /** Flushes under way, oldest first. */
  readonly flushes: Flush[] = []
  isFull = false
  /** Flushes end by themselves. */
  isPrompt = false
  retries = 0

  constructor(trace: string[] = []) {
    this.trace = trace
    const inner = this.inner.batches
    const append = (digest: Digest, bytes: Uint8Array): void => {
      if (this.isFull) throw diskFull()
      trace.push(`append ${digest}`)
      inner.append(digest, bytes)
    }
    this.batches = {
      append,
      has: digest => inner.has(digest),
      sizeOf: digest => inner.sizeOf(digest),
      read: digest => inner.read(digest),
      drop: digests => {
        trace.push(`drop ${digests.join()}`)
        inner.drop(digests)
      },
      digests: () => inner.digests(),
      get count() {
        return inner.count
      },
      get bytes() {
        return inner.bytes
      }
    }
  }

  write(writes: readonly Write[]): void {
    this.trace.push(`write ${writes.map(write => write.table).join()}`)
    this.inner.write(writes)
  }

  async flush(): Promise<void> {
    if (this.isFull) throw diskFull()
    if (!this.isPrompt) {
      await new Promise<void>((done, fail) => this.flushes.push({ done, fail }))
    }
    await this.inner.flush()
    this.trace.push('flushed')
  }

  async settle(): Promise<void> {
    if (this.isFull) throw diskFull()
    await this.inner.settle()
  }

  get(table: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    this.trace.push(`get ${table}/${toHex(key)}`)
    return this.inner.get(table, key)
  }

  range(table: string, options?: RangeOptions): AsyncIterable<Entry> {
    return this.inner.range(table, options)
  }

  async retry(appendFirst: () => boolean = () => true): Promise<boolean> {
    this.retries += 1
    if (this.isFull || !appendFirst()) return false
    try {
      await this.flush()
      return true
    } catch (error) {
      if (isDiskFull(error)) return false
      throw error
    }
  }

  stats(): StoreStats {
    return this.inner.stats()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.inner[Symbol.asyncDispose]()
  }
}
