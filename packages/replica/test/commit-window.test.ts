import { Writer } from '@novacron/base'
import { type CommittedSubDag, encodeSubDag } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { CommitWindow, readWindow, windowCommitsMax } from '../src/commit-window.ts'
import {
  checkpointAt,
  commitAfter,
  commitChain,
  digestOfText,
  domain,
  hash,
  indexOf
} from './fixtures.ts'

const chain = commitChain(12)
const checkpointOf = ({ index, digest }: CommittedSubDag) =>
  checkpointAt(index, { commitDigest: digest })
const last = (commits: readonly CommittedSubDag[]) => commits.at(-1) as CommittedSubDag

function encoded(commits: readonly CommittedSubDag[]): Uint8Array {
  const window = new CommitWindow(commits.length)
  window.replace(commits)
  return window.encode() as Uint8Array
}

function read(commits: readonly CommittedSubDag[], size = 4, end = last(commits)) {
  return readWindow(encoded(commits), checkpointOf(end), size, domain, hash)
}

describe('a window', () => {
  test('holds the last commits, as many as its size', () => {
    const window = new CommitWindow(4)
    for (const commit of chain) window.push(commit)
    expect(window.encode()).toEqual(encoded(chain.slice(-4)))
    window.replace(chain.slice(0, 6))
    window.push(chain[6] as CommittedSubDag)
    expect(window.encode()).toEqual(encoded(chain.slice(3, 7)))
  })

  test('is read back when it is whole and ends in the checkpoint', () => {
    expect(read(chain.slice(-4))).toEqual(chain.slice(-4))
    expect(read(chain.slice(-6))).toEqual(chain.slice(-6))
  })

  test('says whether it is whole at a commit, and begins anew after a gap', () => {
    const window = new CommitWindow(4)
    const at = (index: number) => window.isWholeAt(indexOf(index))
    expect(at(0)).toBe(false)
    for (const commit of chain.slice(0, 2)) window.push(commit)
    expect([at(1), at(2), at(3)]).toEqual([false, true, false])
    for (const commit of chain.slice(5, 8)) window.push(commit)
    expect(at(8)).toBe(false)
    window.push(chain[8] as CommittedSubDag)
    expect(at(9)).toBe(true)
    expect(window.encode()).toEqual(encoded(chain.slice(5, 9)))
  })

  test('of the largest size is read back, and a larger one is our own mistake', () => {
    const long = commitChain(windowCommitsMax + 2)
    const window = new CommitWindow(windowCommitsMax)
    for (const commit of long) window.push(commit)
    const bytes = window.encode() as Uint8Array
    const end = checkpointOf(last(long))
    expect(readWindow(bytes, end, windowCommitsMax, domain, hash)).toHaveLength(windowCommitsMax)
    expect(() => new CommitWindow(windowCommitsMax + 1)).toThrow('at most 4096 commits: 4097')
  })

  test('longer than others take is not given away', () => {
    const window = new CommitWindow(4)
    window.replace(chain)
    const { length } = window.encode() as Uint8Array
    expect(window.encode(length)).toHaveLength(length)
    expect(window.encode(length - 1)).toBeUndefined()
  })

  test('near the beginning of the log is all that there is', () => {
    expect(read(chain.slice(0, 3))).toEqual(chain.slice(0, 3))
    expect(read(chain.slice(1, 3))).toBeUndefined()
  })
})

describe('what is refused', () => {
  const [one, two, three, four] = chain.slice(-4) as [
    CommittedSubDag,
    CommittedSubDag,
    CommittedSubDag,
    CommittedSubDag
  ]
  const changed = commitAfter(chain[8], [{ digest: digestOfText('x'), sizeBytes: 1 }])
  const otherFirst = commitAfter(undefined, [], { previous: digestOfText('not the genesis') })
  const jump = commitAfter(three, [], { index: (three.index + 2) as never })
  test.each([
    { name: 'one commit too few', commits: [two, three, four] },
    { name: 'a commit left out', commits: [chain[7] as CommittedSubDag, one, three, four] },
    { name: 'another commit in its place', commits: [one, changed, three, four] },
    { name: 'a number left out', commits: [chain[7] as CommittedSubDag, one, two, three, jump] },
    { name: 'another order', commits: [two, one, three, four] },
    { name: 'a first commit that does not follow the genesis', commits: [otherFirst] }
  ])('$name', ({ commits }) => {
    expect(read(commits)).toBeUndefined()
  })

  test('a window that ends in another commit than the checkpoint’s', () => {
    expect(read(chain.slice(0, 6), 4, chain[6])).toBeUndefined()
    const sameIndex = commitAfter(chain[4], [{ digest: digestOfText('x'), sizeBytes: 1 }])
    expect(read(chain.slice(0, 6), 4, sameIndex)).toBeUndefined()
  })

  test('no commits at all', () => {
    const bytes = new CommitWindow(1).encode() as Uint8Array
    expect(readWindow(bytes, checkpointAt(0), 4, domain, hash)).toBeUndefined()
  })

  test('bytes that are no window', () => {
    const whole = encoded(chain.slice(-4))
    const checkpoint = checkpointOf(last(chain))
    for (const bytes of [whole.slice(0, -1), new Uint8Array([...whole, 0]), new Uint8Array()]) {
      expect(readWindow(bytes, checkpoint, 4, domain, hash)).toBeUndefined()
    }
    const many = new Writer().u16(4_097).finish()
    expect(readWindow(many, checkpoint, 4, domain, hash)).toBeUndefined()
  })

  test('but not an error of our own', () => {
    const broken = () => {
      throw new TypeError('hash is broken')
    }
    const bytes = new Writer()
      .list([chain[0] as CommittedSubDag], (commit, writer) => writer.bytes(encodeSubDag(commit)))
      .finish()
    expect(() => readWindow(bytes, checkpointAt(1), 4, domain, broken)).toThrow(TypeError)
  })
})
