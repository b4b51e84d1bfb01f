import {
  type DecodeFault,
  emptyBytes,
  Fault,
  type Hash,
  Reader,
  type Write,
  Writer
} from '@novacron/base'
import { type BucketEntry, bucketCount, decodeBucket } from './buckets/bucket.ts'
import { type EncodedBucket, type Namespace, namespaces } from './buckets/namespace.ts'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { Executor, type ExecutorNeeds, type LoadedState } from './executor.ts'
import { checkExecutionOptions, defaultExecutionOptions, type ExecutionOptions } from './options.ts'
import { Sessions } from './sessions/sessions.ts'
import { State } from './state/state.ts'
import { executionTables } from './tables.ts'

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

/**
 * What the store needs in one atomic write after `takeCheckpoint`: the buckets that changed since the last call, and the
 * checkpoint to which they belong. The rows of an older checkpoint are replaced, so a restart finds one consistent state.
 */
export function persistWrites(executor: Executor): readonly Write[] {
  const image = executor.images.at(-1)
  if (image === undefined) return []
  const { state, sessions } = executor.contents
  const trees = { state: state.tree, session: sessions.tree }
  const writes: Write[] = namespaces.flatMap(namespace =>
    trees[namespace].takeUnsaved().map(([bucket, encoding]): Write => {
      const row = { table: executionTables.bucket, key: bucketKey(namespace, bucket) }
      return encoding.length === 0
        ? { type: 'delete', ...row }
        : { type: 'put', ...row, value: encoding }
    })
  )
  writes.push({
    type: 'put',
    table: executionTables.executed,
    key: emptyBytes,
    value: encodeCheckpoint(image.checkpoint)
  })
  return writes
}

/**
 * The executor as it was when `rows` were written: all rows of the tables `bucket` and `executed`. Without an `executed` row
 * it is an empty one. The commits after its index are then to be executed again.
 *
 * @throws {Fault<RestoreFault>} when the rows are not one state of this chain
 */
export function restoreExecutor(
  options: Partial<ExecutionOptions>,
  needs: ExecutorNeeds,
  rows: Iterable<StateRow>
): Executor {
  const found: Record<Namespace, EncodedBucket[]> = { state: [], session: [] }
  let executed: Uint8Array | undefined
  for (const { table, key, value } of rows) {
    if (value === undefined) continue
    if (table === executionTables.executed) executed = value
    const name = table === executionTables.bucket ? readBucketKey(key) : undefined
    // Copied, since a row may be a view into a page of the store.
    if (name !== undefined) found[name[0]].push([name[1], value.slice()])
  }
  if (executed === undefined) return new Executor(options, needs)
  const checkpoint = readExecuted(executed)
  return new Executor(options, needs, load(options, needs, { checkpoint, ...found }))
}

/** A snapshot's content, each bucket checked against the checkpoint. */
export interface SnapshotState {
  readonly checkpoint: Checkpoint
  /** Buckets that are not empty; they are kept. */
  readonly state: readonly EncodedBucket[]
  readonly session: readonly EncodedBucket[]
}

/**
 * The executor at a snapshot's checkpoint. The next `persistWrites` replaces everything that the store held.
 *
 * @throws {Fault<RestoreFault>} when the buckets do not give the roots of the checkpoint
 */
export function restoreSnapshot(
  options: Partial<ExecutionOptions>,
  needs: ExecutorNeeds,
  snapshot: SnapshotState
): Executor {
  const loaded = load(options, needs, snapshot)
  loaded.contents.state.tree.forgetSaved()
  loaded.contents.sessions.tree.forgetSaved()
  return new Executor(options, needs, loaded)
}

function readExecuted(bytes: Uint8Array): Checkpoint {
  return orDamaged(0, 'executed', () => decodeCheckpoint(bytes))
}

function load(
  given: Partial<ExecutionOptions>,
  { hash, chain, rules }: ExecutorNeeds,
  snapshot: SnapshotState
): LoadedState {
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
  const contents = { state: new State(options, hash), sessions: new Sessions(options, hash, rules) }
  const { state, sessions } = contents
  orDamaged(index, 'bucket', () => {
    for (const { bucket, entries } of decodeAll(snapshot.state, hash)) state.load(bucket, entries)
    sessions.load(decodeAll(snapshot.session, hash))
  })
  state.tree.load(snapshot.state)
  sessions.tree.load(snapshot.session)
  const images = { state: state.seal(), sessions: sessions.seal() }
  if (images.state.root !== checkpoint.stateRoot) throw damaged(index, 'state root')
  if (images.sessions.root !== checkpoint.sessionRoot) throw damaged(index, 'session root')
  return { checkpoint, ...images, contents }
}

interface DecodedBucket {
  readonly bucket: number
  readonly entries: readonly BucketEntry[]
}

function* decodeAll(buckets: readonly EncodedBucket[], hash: Hash): Generator<DecodedBucket> {
  for (const [bucket, encoding] of buckets) {
    yield { bucket, entries: decodeBucket(encoding, bucket, hash) }
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
