import { type DecodeFault, emptyBytes, Fault, Reader, type Write, Writer } from '@novacron/base'
import { type BucketEntry, bucketCount, decodeBucket } from './buckets/bucket.ts'
import { type EncodedBucket, type Namespace, namespaces } from './buckets/namespace.ts'
import type { Checkpoint } from './checkpoint.ts'
import { Executor, type ExecutorNeeds, type LoadedState, stateNeedsOf } from './executor.ts'
import { checkExecutionOptions, defaultExecutionOptions, type ExecutionOptions } from './options.ts'
import { Sessions } from './sessions/sessions.ts'
import { decodeExecuted, type ExecutedRow, encodeExecuted, type Slot, SlotBook } from './slots.ts'
import { State } from './state/state.ts'
import { executionTables } from './tables.ts'

const { executed } = executionTables

/** A row of a table, as the store gives it back. */
export interface StateRow {
  readonly table: string
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

export type RestoreFault =
  /** The state is of another chain. */
  | { readonly code: 'foreign-state'; readonly chain: string; readonly expected: string }
  /** A row is damaged or missing: the buckets do not give the root that belongs to them. */
  | { readonly code: 'damaged-state'; readonly index: number; readonly what: string }

const afterSlotKeys = new Uint8Array(5).fill(0xff)

export function bucketKey(namespace: Namespace, bucket: number): Uint8Array {
  return new Writer(3).u8(namespaces.indexOf(namespace)).u16(bucket).finish()
}

/** Undefined for what is no key of a bucket. */
export function readBucketKey(key: Uint8Array): readonly [Namespace, number] | undefined {
  if (key.length !== 3) return undefined
  const reader = new Reader(key)
  const namespace = namespaces[reader.u8()]
  const bucket = reader.u16()
  return namespace === undefined || bucket >= bucketCount ? undefined : [namespace, bucket]
}

/** The key of a bucket's row in the table `bucket`. */
export function slotKey(namespace: Namespace, bucket: number, slot: Slot): Uint8Array {
  return new Writer(4).raw(bucketKey(namespace, bucket)).u8(slot).finish()
}

/**
 * Rows of what was sealed since the last call. They may be written before the checkpoint is complete, in any number of writes:
 * no row that the checkpoint before refers to is among them. Those of the checkpoint before that are overwritten, so the row
 * `executed` that replaced it must be written first, in an earlier write of an ordered store.
 */
export function pieceWrites(executor: Executor): readonly Write[] {
  const { state, sessions, slots } = executor.contents
  const trees = { state: state.tree, session: sessions.tree }
  const table = executionTables.bucket
  return namespaces.flatMap(namespace =>
    trees[namespace].takeUnsaved().flatMap(([bucket, value]): Write[] => {
      if (value.length === 0) {
        slots.clear(namespace, bucket)
        return []
      }
      const key = slotKey(namespace, bucket, slots.place(namespace, bucket))
      return [{ type: 'put', table, key, value }]
    })
  )
}

/**
 * What the store needs in one atomic write when a checkpoint is complete: what `pieceWrites` has not given so far, and the
 * row `executed`, by which a restart finds the rows of this checkpoint in place of those before. Nothing before the first.
 */
export function persistWrites(executor: Executor): readonly Write[] {
  const image = executor.images.at(-1)
  if (image === undefined) return []
  const pieces = pieceWrites(executor)
  const row = { checkpoint: image.checkpoint, slots: executor.contents.slots.save() }
  return [...pieces, { type: 'put', table: executed, key: emptyBytes, value: encodeExecuted(row) }]
}

/** The same in place of everything that the store has of another state, for an executor from a snapshot. */
export function replacingWrites(executor: Executor): readonly Write[] {
  const all = { from: emptyBytes, to: afterSlotKeys }
  return [
    { type: 'delete-range', table: executionTables.bucket, ...all },
    ...persistWrites(executor)
  ]
}

/** The keys of the rows that a checkpoint is made of. */
export function rowKeys({ slots }: ExecutedRow): { table: string; key: Uint8Array }[] {
  const table = executionTables.bucket
  return namespaces.flatMap(namespace =>
    [...slots[namespace].entries()].flatMap(([bucket, slot]) =>
      slot === 0 ? [] : [{ table, key: slotKey(namespace, bucket, slot as Slot) }]
    )
  )
}

/**
 * The executor as it was when `rows` were written: the row `executed`, and those of the table `bucket` that `rowKeys` names.
 * Others are left out: leftovers of a checkpoint before, or of one that was not complete. Without an `executed` row it is an
 * empty one. The commits after its index are then to be executed again.
 *
 * @throws {Fault<RestoreFault>} when the rows are not one state of this chain
 */
export function restoreExecutor(
  options: Partial<ExecutionOptions>,
  needs: ExecutorNeeds,
  rows: readonly StateRow[]
): Executor {
  const found = rows.find(({ table, value }) => table === executed && value !== undefined)
  if (found?.value === undefined) return new Executor(options, needs)
  const { checkpoint, slots } = readExecuted(found.value)
  const buckets: Record<Namespace, EncodedBucket[]> = { state: [], session: [] }
  for (const { table, key, value } of rows) {
    if (value === undefined || table !== executionTables.bucket || key.length !== 4) continue
    const name = readBucketKey(key.subarray(0, 3))
    if (name === undefined || slots[name[0]][name[1]] !== key[3] || key[3] === 0) continue
    // Copied, since a row may be a view into a page of the store.
    buckets[name[0]].push([name[1], value.slice()])
  }
  const loaded = load(options, needs, { checkpoint, ...buckets }, new SlotBook(slots))
  return new Executor(options, needs, loaded)
}

/** A snapshot's content, each bucket checked against the checkpoint. */
export interface SnapshotState {
  readonly checkpoint: Checkpoint
  /** Buckets that are not empty; they are kept. */
  readonly state: readonly EncodedBucket[]
  readonly session: readonly EncodedBucket[]
}

/**
 * The executor at a snapshot's checkpoint. Follow with `replacingWrites`.
 *
 * @throws {Fault<RestoreFault>} when the buckets do not give the roots of the checkpoint
 */
export function restoreSnapshot(
  options: Partial<ExecutionOptions>,
  needs: ExecutorNeeds,
  snapshot: SnapshotState
): Executor {
  const loaded = load(options, needs, snapshot, new SlotBook())
  loaded.contents.state.tree.forgetSaved()
  loaded.contents.sessions.tree.forgetSaved()
  return new Executor(options, needs, loaded)
}

/** @throws {Fault<RestoreFault>} also for the row of a build that kept one row for each bucket */
export function readExecuted(bytes: Uint8Array): ExecutedRow {
  return orDamaged(0, 'executed', () => decodeExecuted(bytes))
}

function load(
  given: Partial<ExecutionOptions>,
  needs: ExecutorNeeds,
  snapshot: SnapshotState,
  slots: SlotBook
): LoadedState {
  const { hash, chain, rules } = needs
  const { checkpoint } = snapshot
  const { index } = checkpoint
  if (checkpoint.chain !== chain) {
    throw new Fault<RestoreFault>({
      code: 'foreign-state',
      chain: checkpoint.chain,
      expected: chain
    })
  }
  const options = { ...defaultExecutionOptions, ...given }
  checkExecutionOptions(options)
  const contents = {
    state: new State(options, hash, stateNeedsOf(needs)),
    sessions: new Sessions(options, hash, rules),
    slots
  }
  const { state, sessions } = contents
  orDamaged(index, 'bucket', () => {
    for (const [bucket, encoding] of snapshot.state) state.load(bucket, encoding)
    sessions.load(decodeAll(snapshot.session))
  })
  state.tree.load(snapshot.state)
  sessions.tree.load(snapshot.session)
  const images = { state: state.tree.image(), sessions: sessions.tree.image() }
  if (images.state.root !== checkpoint.stateRoot) throw damaged(index, 'state root')
  if (images.sessions.root !== checkpoint.sessionRoot) throw damaged(index, 'session root')
  return { checkpoint, ...images, contents }
}

interface DecodedBucket {
  readonly bucket: number
  readonly entries: readonly BucketEntry[]
}

function* decodeAll(buckets: readonly EncodedBucket[]): Generator<DecodedBucket> {
  for (const [bucket, encoding] of buckets) {
    yield { bucket, entries: decodeBucket(encoding, bucket) }
  }
}

function damaged(index: number, what: string, cause?: Fault<DecodeFault>): Fault<RestoreFault> {
  return new Fault({ code: 'damaged-state', index, what }, { cause })
}

function orDamaged<T>(index: number, what: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof Fault) throw damaged(index, what, error)
    throw error
  }
}
