import { assert, type CommitIndex, Fault, type Hash, Reader, Writer } from '@novacron/base'
import {
  type CommittedSubDag,
  decodeSubDag,
  encodeSubDag,
  genesisCommitDigest,
  type SigningDomain
} from '@novacron/consensus'
import { type Checkpoint, defaultSnapshotOptions } from '@novacron/execution'

/** One commit record: the payload of all vertices of a window of rounds would fit many times. */
const recordBytesMax = 8_388_608

/** Commits that a snapshot carries at most, and their bytes; a genesis whose window is larger is refused. */
export const windowCommitsMax = 4_096
export const windowBytesMax: number = defaultSnapshotOptions.objectBytesMax

/**
 * The last commits, which an orderer that begins at a checkpoint must know. They travel with a snapshot; the hash chain up to
 * the checkpoint's commit digest vouches for them.
 */
export class CommitWindow {
  readonly #size: number
  readonly #commits: CommittedSubDag[] = []

  constructor(size: number) {
    assert(size <= windowCommitsMax, `a window of at most ${windowCommitsMax} commits: ${size}`)
    this.#size = size
  }

  copy(): CommitWindow {
    const window = new CommitWindow(this.#size)
    window.replace(this.#commits)
    return window
  }

  push(commit: CommittedSubDag): void {
    const last = this.#commits.at(-1)
    // After a gap only what follows it is a chain.
    if (last !== undefined && commit.previous !== last.digest) this.#commits.length = 0
    this.#commits.push(commit)
    if (this.#commits.length > this.#size) this.#commits.shift()
  }

  replace(commits: readonly CommittedSubDag[]): void {
    this.#commits.splice(0, this.#commits.length, ...commits.slice(-this.#size))
  }

  /** Is it all that an orderer needs to begin after `index`? */
  isWholeAt(index: CommitIndex): boolean {
    const isLast = this.#commits.at(-1)?.index === index
    return isLast && this.#commits.length >= Math.min(this.#size, index)
  }

  /** Undefined when it is longer than others take: they would refuse the snapshot, and think us liars. */
  encode(bytesMax: number = windowBytesMax): Uint8Array | undefined {
    const records = this.#commits.map(encodeSubDag)
    const length = records.reduce((sum, record) => sum + record.length + 4, 2)
    if (length > bytesMax) return undefined
    return new Writer(length).list(records, (record, writer) => writer.bytes(record)).finish()
  }
}

/** The commits of an encoded window, when they are a whole one that ends in `checkpoint`; undefined otherwise. */
export function readWindow(
  bytes: Uint8Array,
  checkpoint: Checkpoint,
  size: number,
  domain: SigningDomain,
  hash: Hash
): readonly CommittedSubDag[] | undefined {
  const commits = decodeWindow(bytes, domain, hash)
  const last = commits?.at(-1)
  if (commits === undefined || last === undefined) return undefined
  const isChain = commits.every((commit, at) => {
    const before = commits[at - 1]
    if (before === undefined) return commit.index > 1 || commit.previous === genesisCommitDigest
    return commit.previous === before.digest && commit.index === before.index + 1
  })
  const isWhole = commits.length >= Math.min(size, checkpoint.index)
  const endsThere = last.index === checkpoint.index && last.digest === checkpoint.commitDigest
  return isChain && isWhole && endsThere ? commits : undefined
}

function decodeWindow(
  bytes: Uint8Array,
  domain: SigningDomain,
  hash: Hash
): CommittedSubDag[] | undefined {
  try {
    const reader = new Reader(bytes)
    const commits = reader.list('commits', windowCommitsMax, r =>
      decodeSubDag(r.bytes('commit', recordBytesMax), domain, hash)
    )
    reader.end()
    return commits
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}
