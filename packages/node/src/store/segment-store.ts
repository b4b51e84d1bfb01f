import { bytesOfDigest, type Digest, Fault, ReleasingMap, toHex } from '@novacron/base'
import { BatchCache } from './batch-cache.ts'
import { makeStaging } from './block-writer.ts'
import type { FileSystem } from './file-system.ts'
import { isBodyIntact } from './record.ts'
import type { ScannedRecord } from './record-scan.ts'
import {
  batchKind,
  dropCountMax,
  dropKind,
  droppedDigests,
  listSegments,
  recordBytesOf,
  Segment,
  segmentFileBytes,
  segmentPath
} from './segment.ts'
import type { BatchStore } from './store.ts'
import type { StoreFacts } from './store-fault.ts'
import type { Extent } from './write-codec.ts'

interface Location {
  readonly segment: Segment
  readonly offset: number
  readonly length: number
  readonly bodyCrc: number
}

interface SegmentStoreOptions {
  readonly segmentBytes: number
  readonly cacheBytesMax: number
  readonly unsyncedBytesMax: number
  readonly journaledPayloadBytesMax: number
  readonly unwrittenPayloadBytesMax: number
}

interface SegmentStoreNeeds {
  readonly files: FileSystem
  /** Called before `bytes` are appended; throws when the store must not write. */
  readonly admit: (bytes: number) => void
  /** Names the digest, or the file where the digest is unknown. */
  readonly onDamage: (what: string) => void
  /** A disk operation failed; returns what is to be thrown. */
  readonly onFailure: (error: unknown, path: string) => Error
}

/** Segments before rewriting mostly-dead ones is worth it, and the live share below which it is. */
const compactSegmentsMin = 4
const compactLiveShare = 0.25
/** Copied at most in one step (one record at least), so that no step holds up the event loop. */
const compactStepBytes = 1024 * 1024

/** Batches in append-only segment files under one index in memory, which a scan of the files rebuilds. */
export class SegmentStore implements BatchStore {
  readonly #directory: string
  readonly #options: SegmentStoreOptions
  readonly #needs: SegmentStoreNeeds
  readonly #index = new Map<Digest, Location>()
  readonly #segments = new Map<number, Segment>()
  readonly #cache: BatchCache
  readonly #staging = makeStaging()
  /** Batches that are not in their segment yet, in the order of their appends. */
  readonly #unsynced = new ReleasingMap<Digest, Uint8Array>()
  /** Dropped from that segment, but the record that says so could not be written yet. */
  readonly #unrecordedDrops = new Map<Digest, number>()
  #current: Segment | undefined
  #nextNumber = 1
  #liveBytes = 0
  #isDirectoryDirty = false
  #syncing = false
  #compaction: { readonly segment: Segment; readonly digests: Digest[] } | undefined

  /** Opens every segment of a directory, which must exist. */
  constructor(directory: string, options: SegmentStoreOptions, needs: SegmentStoreNeeds) {
    this.#directory = directory
    this.#options = options
    this.#needs = needs
    this.#cache = new BatchCache(options.cacheBytesMax)
    const numbers = listSegments(needs.files, directory)
    const sizes = numbers.map(number => segmentFileBytes({ directory, number, files: needs.files }))
    for (const [i, number] of numbers.entries()) {
      const youngerBytes = sizes.slice(i + 1).reduce((sum, size) => sum + size, 0)
      const isLast = i === numbers.length - 1
      // What no sync covered is at the end of the last files; what is older need not be read to be believed.
      this.#load(number, { isLast, checksBodies: youngerBytes <= 2 * options.unsyncedBytesMax })
    }
    this.#sweep()
  }

  get count(): number {
    return this.#index.size
  }

  get bytes(): number {
    return this.#liveBytes
  }

  get segmentCount(): number {
    return this.#segments.size
  }

  /** Bytes of all segment files. */
  get fileBytes(): number {
    return this.#sum(segment => segment.end)
  }

  /** Something is durable nowhere. */
  get isDirty(): boolean {
    return this.#isDirectoryDirty || this.#sum(segment => segment.unsecuredBytes) > 0
  }

  /** A sync has something to do. */
  get isUnwritten(): boolean {
    return this.#isDirectoryDirty || this.#sum(segment => segment.unwrittenBytes) > 0
  }

  has(digest: Digest): boolean {
    return this.#index.has(digest)
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#index.get(digest)?.length
  }

  digests(): Iterable<Digest> {
    return [...this.#index.keys()]
  }

  read(digest: Digest): Uint8Array | undefined {
    const location = this.#index.get(digest)
    if (location === undefined) return undefined
    const held = this.#cache.get(digest) ?? this.#unsynced.get(digest)
    if (held !== undefined) return held
    const bytes = readOrNothing(location)
    if (bytes !== undefined && isBodyIntact(location, bytes)) return bytes
    this.#forget(digest, location)
    this.#needs.onDamage(digest)
    return undefined
  }

  append(digest: Digest, bytes: Uint8Array): void {
    if (this.#index.has(digest)) return
    const length = recordBytesOf(bytes.length)
    this.#needs.admit(length)
    this.#admitUnsynced(length)
    this.#store(digest, bytes)
    this.#cache.add(digest, bytes)
    this.#unrecordedDrops.delete(digest)
  }

  drop(digests: readonly Digest[]): void {
    const dropped = new Map<Digest, Segment>()
    for (const digest of digests) {
      const location = this.#index.get(digest)
      if (location === undefined) continue
      this.#forget(digest, location)
      dropped.set(digest, location.segment)
    }
    this.#sweep()
    for (const [digest, segment] of dropped) {
      if (this.#segments.has(segment.number)) this.#unrecordedDrops.set(digest, segment.number)
    }
    this.#recordDrops()
    this.#compactStep()
  }

  /** A disk that is that far behind is as good as full: whoever appends waits until it has caught up. */
  #admitUnsynced(length: number): void {
    const { unsyncedBytesMax } = this.#options
    const unsyncedBytes = this.#sum(segment => segment.unwrittenBytes)
    if (unsyncedBytes === 0 || unsyncedBytes + length <= unsyncedBytesMax) return
    const path = this.#directory
    const reason = `unsyncedBytesMax is ${unsyncedBytesMax}, and the disk has not kept up`
    throw this.#needs.onFailure(new Fault<StoreFacts>({ code: 'disk-full', path, reason }), path)
  }

  /** What a journal is to make durable; undefined when it is too much for that, and a sync must do it. */
  unsecured(): readonly Extent[] | undefined {
    const { journaledPayloadBytesMax, unwrittenPayloadBytesMax } = this.#options
    if (this.#isDirectoryDirty) return undefined
    if (this.#sum(segment => segment.unsecuredBytes) > journaledPayloadBytesMax) return undefined
    if (this.#sum(segment => segment.unwrittenBytes) > unwrittenPayloadBytesMax) return undefined
    const extents: Extent[] = []
    for (const segment of this.#segments.values()) {
      if (segment.unsecuredBytes === 0) continue
      const extent = segment.unsecured()
      if (extent === undefined) return undefined
      extents.push(extent)
    }
    return extents
  }

  /** The journal has these; it must keep them until a sync. */
  onJournaled(extents: readonly Extent[]): void {
    for (const { segment, offset, bytes } of extents) {
      this.#segments.get(segment)?.onJournaled(offset + bytes.length)
    }
  }

  /**
   * Makes all appends before this call durable in their segments. One call at a time.
   *
   * throws  what a write gave, which may be tried again; StoreFault `io` for the directory, whose entries may be lost
   */
  async sync(): Promise<void> {
    this.#syncing = true
    const copied = new Map([...this.#segments.values()].map(each => [each, each.copiedCount]))
    const covered = [...this.#unsynced]
    try {
      this.#syncDirectory()
      for (const segment of this.#segments.values()) {
        if (segment.unwrittenBytes > 0) await segment.sync(this.#staging)
      }
    } finally {
      this.#syncing = false
    }
    // A batch that was dropped and came again meanwhile is another entry.
    for (const [digest, bytes] of covered) {
      if (this.#unsynced.get(digest) === bytes) this.#unsynced.delete(digest)
    }
    for (const [segment, count] of copied) segment.syncedCopiedCount = count
    this.#sweep()
    this.#compactStep()
  }

  /** Writes what is in memory alone, or in the journal, as far as the disk takes it. */
  close(): void {
    for (const segment of this.#segments.values()) {
      try {
        if (segment.unwrittenBytes > 0) segment.syncNow()
      } catch {
        // As if the process had ended before: what was promised is in the journal.
      }
      segment.close()
    }
    this.#segments.clear()
    this.#index.clear()
  }

  #sum(of: (segment: Segment) => number): number {
    let sum = 0
    for (const segment of this.#segments.values()) sum += of(segment)
    return sum
  }

  #syncDirectory(): void {
    if (!this.#isDirectoryDirty) return
    this.#isDirectoryDirty = false
    const path = this.#directory
    try {
      this.#needs.files.syncDirectory(path)
    } catch (error) {
      // The kernel may have dropped the change: a second sync would succeed and mean nothing.
      const reason = `sync failed: ${error instanceof Error ? error.message : String(error)}`
      throw new Fault<StoreFacts>({ code: 'io', path, reason }, { cause: error })
    }
  }

  #load(number: number, how: { readonly isLast: boolean; readonly checksBodies: boolean }): void {
    const { files, onDamage } = this.#needs
    const place = { directory: this.#directory, number, files }
    this.#nextNumber = number + 1
    const records: ScannedRecord[] = []
    const loaded = Segment.load(place, how, record =>
      records.push({ ...record, body: record.kind === dropKind ? record.body : undefined })
    )
    if (loaded === undefined) {
      // Too short for its header when a crash came first; otherwise rotten, and peers have the batches.
      files.unlink(segmentPath(place))
      onDamage(segmentPath(place))
      return
    }
    const { segment, damagedCount } = loaded
    this.#segments.set(number, segment)
    for (const record of records) this.#replay(segment, record)
    for (let i = 0; i < damagedCount; i++) onDamage(segment.path)
    if (how.isLast) this.#current = segment
  }

  #replay(segment: Segment, { kind, tag, bodyOffset, length, bodyCrc, body }: ScannedRecord): void {
    if (kind === batchKind) {
      this.#insert(toHex(tag) as Digest, { segment, offset: bodyOffset, length, bodyCrc })
    } else if (kind === dropKind && body !== undefined) {
      for (const digest of droppedDigests(body)) {
        const location = this.#index.get(digest)
        if (location === undefined) continue
        this.#forget(digest, location)
        supersede(segment, location.segment.number)
      }
    }
  }

  #store(digest: Digest, bytes: Uint8Array): void {
    try {
      const segment = this.#writable(recordBytesOf(bytes.length))
      const { offset, bodyCrc } = segment.append(batchKind, bytesOfDigest(digest), bytes)
      this.#insert(digest, { segment, offset, length: bytes.length, bodyCrc })
      this.#unsynced.set(digest, bytes)
    } catch (error) {
      throw this.#needs.onFailure(error, this.#current?.path ?? this.#directory)
    }
  }

  /** The current segment, or a new one when it is full. */
  #writable(recordBytes: number): Segment {
    const current = this.#current
    if (current !== undefined && current.end + recordBytes <= this.#options.segmentBytes) {
      return current
    }
    const place = { directory: this.#directory, number: this.#nextNumber, files: this.#needs.files }
    const segment = Segment.create(place)
    this.#nextNumber += 1
    this.#isDirectoryDirty = true
    this.#segments.set(segment.number, segment)
    this.#current = segment
    return segment
  }

  #insert(digest: Digest, location: Location): void {
    const earlier = this.#index.get(digest)
    if (earlier !== undefined) {
      this.#forget(digest, earlier)
      supersede(location.segment, earlier.segment.number)
    }
    this.#index.set(digest, location)
    location.segment.liveCount += 1
    location.segment.liveBytes += location.length
    this.#liveBytes += location.length
  }

  #forget(digest: Digest, { segment, length }: Location): void {
    this.#index.delete(digest)
    this.#cache.delete(digest)
    this.#unsynced.delete(digest)
    segment.liveCount -= 1
    segment.liveBytes -= length
    this.#liveBytes -= length
  }

  /** Without it a start would find dropped batches in files that live on for others' sake. */
  #recordDrops(): void {
    const drops = [...this.#unrecordedDrops]
    try {
      for (let at = 0; at < drops.length; at += dropCountMax) {
        const some = drops.slice(at, at + dropCountMax)
        const segment = this.#writable(recordBytesOf(some.length * 32))
        segment.appendDrops(some.map(([digest]) => digest))
        for (const [digest, number] of some) {
          supersede(segment, number)
          this.#unrecordedDrops.delete(digest)
        }
      }
    } catch (error) {
      this.#needs.onFailure(error, this.#current?.path ?? this.#directory)
    }
  }

  /** Removes the files that hold nothing that counts. Not under a sync, which uses their descriptors. */
  #sweep(): void {
    if (this.#syncing) return
    for (const segment of [...this.#segments.values()]) {
      if (segment === this.#current || segment.liveCount > 0) continue
      if (segment.copiedCount > segment.syncedCopiedCount) continue
      if ([...segment.supersedes].some(number => this.#segments.has(number))) continue
      if (this.#compaction?.segment === segment) this.#compaction = undefined
      this.#segments.delete(segment.number)
      this.#isDirectoryDirty = true
      try {
        segment.unlink()
      } catch (error) {
        this.#needs.onFailure(error, segment.path)
      }
    }
  }

  /** Copies some live batches out of the emptiest segment when most of the disk is held by dead ones. */
  #compactStep(): void {
    this.#compaction ??= this.#chooseCompaction()
    const compaction = this.#compaction
    if (compaction === undefined) return
    let copied = 0
    while (copied < compactStepBytes) {
      const digest = compaction.digests.pop()
      if (digest === undefined) {
        this.#compaction = undefined
        return
      }
      if (this.#index.get(digest)?.segment !== compaction.segment) continue
      const bytes = this.read(digest)
      if (bytes === undefined) continue
      try {
        this.#needs.admit(recordBytesOf(bytes.length))
        compaction.segment.copiedCount += 1
        this.#store(digest, bytes)
      } catch {
        // The failure is reported already; the batch still lies where it was.
        this.#compaction = undefined
        return
      }
      copied += bytes.length
    }
  }

  #chooseCompaction(): { segment: Segment; digests: Digest[] } | undefined {
    const isWorthIt =
      this.#segments.size > compactSegmentsMin &&
      this.#liveBytes < compactLiveShare * this.fileBytes
    if (!isWorthIt) return undefined
    const candidates = [...this.#segments.values()].filter(
      segment => segment !== this.#current && segment.liveCount > 0
    )
    const [emptiest] = candidates.sort((a, b) => a.liveBytes - b.liveBytes)
    if (emptiest === undefined) return undefined
    const digests = [...this.#index].filter(([, location]) => location.segment === emptiest)
    return { segment: emptiest, digests: digests.map(([digest]) => digest) }
  }
}

function supersede(segment: Segment, number: number): void {
  if (segment.number !== number) segment.supersedes.add(number)
}

function readOrNothing({ segment, offset, length }: Location): Uint8Array | undefined {
  try {
    return segment.read(offset, length)
  } catch {
    return undefined
  }
}
