import {
  assert,
  type CommitIndex,
  type Digest,
  digestOf,
  type Epoch,
  emptyBytes,
  type Hash,
  Reader,
  toHex,
  Writer
} from '@novacron/base'
import { type Application, ApplyContext } from './applications/application.ts'
import { getKv, type KvItem, type KvValue, kv, kvApplication, listKv } from './applications/kv.ts'
import { Log, type LogCounters, logApplication } from './applications/log.ts'
import { membership } from './applications/membership.ts'
import { hashChargeBytes, hashesMax, type TreeImage } from './buckets/bucket-tree.ts'
import type { Checkpoint } from './checkpoint.ts'
import { EnvelopeCursor, sessionIdBytes } from './envelope.ts'
import type { Commit, ExecutedCommit } from './executed-commit.ts'
import { checkExecutionOptions, defaultExecutionOptions, type ExecutionOptions } from './options.ts'
import type { Result } from './result.ts'
import { type ExecutionRules, executionRules } from './rules.ts'
import { RunRecorder } from './run-recorder.ts'
import { readSessionRequest, sessionApplication, sessionIdOf } from './sessions/open.ts'
import { Session } from './sessions/session.ts'
import { type SessionName, Sessions } from './sessions/sessions.ts'
import { SlotBook } from './slots.ts'
import type { HashSeed } from './state/keyed-hash.ts'
import { State, type StateNeeds } from './state/state.ts'
import { StateView } from './state/state-view.ts'

/** A seat in the committee, as readers see it. */
export interface MemberListing {
  readonly name: string
  readonly peer: string
  readonly weight: number
}

export interface ExecutorNeeds {
  readonly hash: Hash
  /** Digest of the genesis. */
  readonly chain: Digest
  readonly members?: readonly MemberListing[]
  /** Of the index of keys; secret where strangers choose these. */
  readonly hashSeed?: HashSeed
  readonly rules?: ExecutionRules
}

export function stateNeedsOf({ hashSeed, rules = executionRules }: ExecutorNeeds): StateNeeds {
  const { keepsFormer } = rules
  return { keepsFormer, ...(hashSeed === undefined ? {} : { hashSeed }) }
}

/** The whole state at a checkpoint: what snapshots are served from. Nothing in it changes any more. */
export interface CheckpointImage {
  readonly checkpoint: Checkpoint
  readonly state: TreeImage
  readonly sessions: TreeImage
}

/** State and sessions as loaded from a checkpoint. */
export interface LoadedState extends CheckpointImage {
  readonly contents: {
    readonly state: State
    readonly sessions: Sessions
    readonly slots: SlotBook
  }
}

/** A checkpoint that has begun, before its roots are known. */
type BegunCheckpoint = Omit<Checkpoint, 'stateRoot' | 'sessionRoot'>

/** Images kept; the buckets that they have in common are kept once. */
const imagesMax = 2
const emptyLogDigest = '0'.repeat(64) as Digest

const answers: Readonly<Record<'duplicate' | 'window-exceeded', Result>> = {
  duplicate: { code: 'duplicate' },
  'window-exceeded': { code: 'window-exceeded' }
}
const malformed: Result = { code: 'malformed' }
const sessionExpired: Result = { code: 'session-expired' }
const sessionsFull: Result = { code: 'sessions-full' }
const unknownApplication: Result = { code: 'unknown-application' }

interface Wired {
  readonly application: Application
  readonly context: ApplyContext
}

/**
 * Applies the agreed log to the replicated state. All that it does follows from the commits, so that replaying them from a
 * checkpoint gives the same state again, and every transaction takes effect exactly once.
 */
export class Executor {
  readonly options: ExecutionOptions
  readonly members: readonly MemberListing[]
  readonly #needs: ExecutorNeeds
  readonly #rules: ExecutionRules
  readonly #state: State
  readonly #sessions: Sessions
  readonly #slots: SlotBook
  readonly #log: Log
  readonly #kvState: StateView
  readonly #ownState: StateView
  /** By id. */
  readonly #wired: (Wired | undefined)[] = []
  #index: CommitIndex
  #digest: Digest
  /** Transactions in the log so far. */
  #position = 0
  #images: readonly CheckpointImage[]
  #begun: BegunCheckpoint | undefined
  // The session of the transaction before, since most follow one of their own.
  readonly #words = new Uint32Array(sessionIdBytes / 4)
  #name: SessionName | undefined
  #session: Session | undefined

  /** An empty state, or the one that `persistence.ts` has loaded. */
  constructor(options: Partial<ExecutionOptions>, needs: ExecutorNeeds, loaded?: LoadedState) {
    this.options = { ...defaultExecutionOptions, ...options }
    checkExecutionOptions(this.options)
    this.#needs = needs
    this.#rules = needs.rules ?? executionRules
    this.members = needs.members ?? []
    this.#state = loaded?.contents.state ?? new State(this.options, needs.hash, stateNeedsOf(needs))
    this.#sessions =
      loaded?.contents.sessions ?? new Sessions(this.options, needs.hash, this.#rules)
    this.#slots = loaded?.contents.slots ?? new SlotBook()
    this.#index = loaded?.checkpoint.index ?? (0 as CommitIndex)
    this.#digest = loaded?.checkpoint.commitDigest ?? emptyLogDigest
    this.#images = loaded === undefined ? [] : [loaded]
    this.#ownState = new StateView(this.#state, sessionApplication)
    this.#kvState = new StateView(this.#state, kvApplication)
    this.#log = new Log(new StateView(this.#state, logApplication))
    for (const application of [this.#log, kv, membership]) {
      const state = new StateView(this.#state, application.id)
      this.#wired[application.id] = { application, context: new ApplyContext(state) }
    }
    const stored = this.#ownState.get(emptyBytes)
    if (stored !== undefined) this.#position = readPosition(stored)
  }

  /** Last commit applied; 0 before the first. */
  get index(): CommitIndex {
    return this.#index
  }

  get digest(): Digest {
    return this.#digest
  }

  /** Transactions applied or refused since the beginning of the log. */
  get position(): number {
    return this.#position
  }

  get stateBytes(): number {
    return this.#state.sizeBytes
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  get logCounters(): LogCounters {
    return this.#log.counters
  }

  /** Undefined when it was never opened, or evicted. For reading. */
  session(name: SessionName): Pick<Session, 'contiguous' | 'clientKey' | 'check'> | undefined {
    return this.#sessions.get(name)
  }

  /** The value belongs to the state: copy what must stay. */
  kvGet(key: Uint8Array): KvValue | undefined {
    return getKv(this.#kvState, key)
  }

  /** Entries with `prefix` above the key `after`, ascending by key, at most `limit`. */
  kvList(prefix: Uint8Array, after: Uint8Array | undefined, limit: number): KvItem[] {
    return listKv(this.#kvState, prefix, after, limit)
  }

  /** The commit after the last one; its batches are only read, and nothing of them is kept. */
  execute(commit: Commit): ExecutedCommit {
    assert(commit.index === this.#index + 1, `commit ${commit.index} after ${this.#index}`)
    this.#index = commit.index
    this.#digest = commit.digest
    this.#name = undefined
    for (const wired of this.#wired) wired?.context.begin(commit)
    const recorder = new RunRecorder()
    let malformedBatches = 0
    for (const region of commit.batches) {
      if (!this.#runBatch(region, recorder)) malformedBatches++
    }
    if (recorder.ordinal > 0) {
      for (const wired of this.#wired) wired?.application.finish?.(wired.context)
      this.#ownState.putAlways(emptyBytes, new Writer(8).u64(this.#position).finish())
    }
    return recorder.finish(commit, malformedBatches)
  }

  /** A checkpoint has begun that `sealPiece` has not completed. */
  get isSealing(): boolean {
    return this.#begun !== undefined
  }

  /**
   * About how many bytes a checkpoint that began now would encode and hash. A function of the commits since the last one began,
   * and of the state, as they are at every replica.
   */
  get bytesToSeal(): number {
    let bytes = 0
    for (const { tree, bytesOf } of [this.#state, this.#sessions]) {
      for (const bucket of tree.touchedBuckets) bytes += bytesOf(bucket)
      bytes += hashChargeBytes * hashesMax(tree.touchedBuckets.size)
    }
    return bytes
  }

  /**
   * Begins the checkpoint of the state as it is; what is executed from now on is not in it. Complete it with `sealPiece`.
   */
  beginCheckpoint(epoch: Epoch): void {
    assert(!this.isSealing, 'one checkpoint at a time')
    const { chain } = this.#needs
    this.#begun = { chain, epoch, index: this.#index, commitDigest: this.#digest }
    for (const { tree } of [this.#state, this.#sessions]) tree.beginSeal()
  }

  /**
   * Encodes and hashes about `bytesMax` bytes more, by one bucket more at most. Once nothing is left it returns the image, which
   * is kept, with the one before, to serve snapshots from.
   */
  sealPiece(bytesMax: number): CheckpointImage | undefined {
    const begun = this.#begun
    assert(begun !== undefined && bytesMax > 0, 'a checkpoint that has begun')
    let left = bytesMax
    for (const { tree, encode } of [this.#state, this.#sessions]) {
      left -= tree.sealPiece(encode, left)
      if (left <= 0) return undefined
    }
    this.#begun = undefined
    const [state, sessions] = [this.#state.tree.endSeal(), this.#sessions.tree.endSeal()]
    const checkpoint = { ...begun, stateRoot: state.root, sessionRoot: sessions.root }
    const image = { checkpoint, state, sessions }
    const older = this.#images.filter(known => known.checkpoint.index < checkpoint.index)
    this.#images = [...older, image].slice(-imagesMax)
    return image
  }

  /** A whole checkpoint at once. */
  takeCheckpoint(epoch: Epoch): CheckpointImage {
    this.beginCheckpoint(epoch)
    return this.sealPiece(Number.POSITIVE_INFINITY) as CheckpointImage
  }

  /** Roots of what is there now, whatever has been sealed: for checks, since it is a pass over everything. */
  roots(): Pick<Checkpoint, 'stateRoot' | 'sessionRoot'> {
    return { stateRoot: this.#state.root(), sessionRoot: this.#sessions.root() }
  }

  /** At most two, oldest first. */
  get images(): readonly CheckpointImage[] {
    return this.#images
  }

  /** For `persistence.ts`. */
  get contents(): LoadedState['contents'] {
    return { state: this.#state, sessions: this.#sessions, slots: this.#slots }
  }

  /** False when the walk ended at something that is no envelope. */
  #runBatch(region: Uint8Array, recorder: RunRecorder): boolean {
    const cursor = new EnvelopeCursor(region, this.options.transactionBytesMax)
    while (cursor.next()) {
      this.#position++
      if (cursor.application === sessionApplication) this.#open(cursor, recorder)
      else this.#run(cursor, recorder)
    }
    return !cursor.isMalformed
  }

  #run(cursor: EnvelopeCursor, recorder: RunRecorder): void {
    if (this.#name === undefined || !cursor.isOfSession(this.#words)) this.#select(cursor)
    const result = this.#resultOf(cursor)
    recorder.record(this.#name as SessionName, cursor.sequence, result, this.#position)
  }

  #resultOf(cursor: EnvelopeCursor): Result {
    const session = this.#session
    if (session === undefined) return sessionExpired
    if (cursor.sequence === 0) return malformed
    const acceptance = this.#rules.accept(session, cursor.sequence)
    if (acceptance !== 'ok') return answers[acceptance]
    const wired = this.#wired[cursor.application]
    if (wired === undefined) return unknownApplication
    wired.context.position = this.#position
    return this.#rules.apply(wired.application, wired.context, cursor)
  }

  #select(cursor: EnvelopeCursor): void {
    cursor.readSessionWords(this.#words)
    this.#name = toHex(cursor.session())
    this.#session = this.#sessions.touch(this.#name, this.#position, this.#index)
  }

  #open(cursor: EnvelopeCursor, recorder: RunRecorder): void {
    const { hash, chain } = this.#needs
    // What was looked up before may be there now, or be gone.
    this.#name = undefined
    const name = toHex(cursor.session())
    const request = readSessionRequest(cursor.payload())
    const openDigest = digestOf(hash, cursor.envelope())
    if (request === undefined || cursor.sequence !== 0 || /[^0]/.test(name)) {
      recorder.recordOpen(name, cursor.sequence, malformed, openDigest)
      return
    }
    const place = { index: this.#index, ordinal: recorder.ordinal }
    const id = sessionIdOf(chain, cursor.envelope(), place, hash)
    const session = new Session(request.clientKey?.slice(), this.#position, this.#index)
    const isOpen = this.#sessions.open(id, session)
    recorder.recordOpen(name, 0, isOpen ? { code: 'ok', value: id } : sessionsFull, openDigest)
  }
}

/** The row of the own state. @throws {Fault<DecodeFault>} */
export function readPosition(stored: Uint8Array): number {
  const reader = new Reader(stored)
  const position = reader.u64()
  reader.end()
  return position
}
