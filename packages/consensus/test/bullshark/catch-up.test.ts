import type { CommitIndex, PeerId } from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import { CatchUp } from '../../src/bullshark/catch-up.ts'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import type { BullsharkMessage, Certificate } from '../../src/index.ts'
import { at, counted, domain, only, partsOf, peerAt, round, Sketch } from '../fixtures.ts'

type CaughtUp = Extract<BullsharkMessage, { type: 'caught-up' }>

const index = (value: number) => value as CommitIndex
const peers = [peerAt(1), peerAt(2), peerAt(3)]
const sketch = new Sketch().full(1, 6)
const upTo = (r: number): Certificate[] => sketch.all.filter(c => c.header.round <= r)

let catchUp: CatchUp
let out: BullsharkEffect[]
let clock: number

beforeEach(() => {
  catchUp = new CatchUp(partsOf({}, { catchUpRetryMs: 1_000 }))
  out = []
  clock = 0
})

function asked() {
  return only(out, 'send').map(({ to, message }) => {
    if (message.type !== 'catch-up') throw new Error(message.type)
    return { to, fromIndex: message.fromIndex, fromRound: message.fromRound }
  })
}

function ask(lastIndex: number, now: number, to: readonly PeerId[] = peers): void {
  catchUp.advance(index(lastIndex), to, at(now), out)
}

function reply(fields: Partial<CaughtUp>, lastIndex: number, peerCount = 3): boolean {
  const base = { type: 'caught-up', epoch: domain.epoch, fromIndex: index(1) } as const
  const bounds = { lowest: index(1), head: index(0), certificates: [] }
  return catchUp.onReply({ ...base, ...bounds, ...fields }, index(lastIndex), peerCount, at(clock))
}

describe('asking', () => {
  test('only when there is something to fetch and somebody to ask', () => {
    ask(0, 0)
    catchUp.want(5)
    ask(0, 0, [])
    expect(out).toEqual([])
    expect([catchUp.isActive, catchUp.targetIndex]).toEqual([true, 5])
    ask(3, 0)
    expect(asked()).toEqual([{ to: peerAt(1), fromIndex: 4, fromRound: 0 }])
  })

  test('one peer at a time; another one after the time-out, in turn, and later each time', () => {
    catchUp.want(5)
    ask(0, 0)
    ask(0, 999)
    expect(asked()).toHaveLength(1)
    ask(0, 1_000)
    ask(0, 2_999)
    expect(asked()).toHaveLength(2)
    for (const now of [3_000, 7_000]) ask(0, now)
    expect(asked().map(entry => entry.to)).toEqual([peerAt(1), peerAt(2), peerAt(3), peerAt(1)])
    expect(counted(out)).toEqual(new Array(3).fill('catch_up_timeout'))
  })

  test('remembers the highest target', () => {
    catchUp.want(5)
    catchUp.want(3)
    expect(catchUp.targetIndex).toBe(5)
  })
})

describe('an answer', () => {
  const message = (fromIndex: number) =>
    ({ type: 'caught-up', fromIndex: index(fromIndex) }) as CaughtUp
  const isExpected = (peer: number, fromIndex: number, now = 0) =>
    catchUp.isExpected(peerAt(peer), message(fromIndex), at(now))

  test('is expected from the peer that was asked, for what it was asked', () => {
    expect(isExpected(1, 1)).toBe(false)
    catchUp.want(5)
    ask(0, 0)
    expect(isExpected(2, 1)).toBe(false)
    expect(isExpected(1, 2)).toBe(false)
    expect(isExpected(1, 1)).toBe(true)
    // Once for each question.
    expect(isExpected(1, 1)).toBe(false)
  })

  test('counts although others were asked meanwhile, as long as the question is the same', () => {
    catchUp.want(5)
    ask(0, 0)
    ask(0, 1_000)
    expect(isExpected(1, 1, 2_500)).toBe(true)
    expect(reply({ head: index(9), certificates: upTo(4) }, 3)).toBe(true)
    ask(3, 2_500)
    expect(isExpected(2, 1, 2_600)).toBe(false)
    // The line is slow: the next question waits twice as long as the last answer took.
    ask(3, 7_499)
    expect(asked()).toHaveLength(3)
    ask(3, 7_500)
    expect(asked()).toHaveLength(4)
  })

  test('in good time ends the long wait', () => {
    catchUp.want(5)
    for (const now of [0, 1_000, 3_000]) ask(0, now)
    expect(isExpected(3, 1, 3_010)).toBe(true)
    expect(reply({ head: index(9), certificates: upTo(4) }, 3)).toBe(true)
    ask(3, 3_010)
    ask(3, 4_010)
    expect(asked()).toHaveLength(5)
  })

  test('that brings commits is followed by the next question, to the same peer', () => {
    catchUp.want(2)
    ask(0, 0)
    expect(reply({ head: index(9), certificates: upTo(4) }, 3)).toBe(true)
    expect([catchUp.isActive, catchUp.targetIndex]).toEqual([true, 9])
    ask(3, 1)
    expect(asked().at(-1)).toEqual({ to: peerAt(1), fromIndex: 4, fromRound: 0 })
    expect(reply({ head: index(9), certificates: upTo(6) }, 9)).toBe(true)
    expect(catchUp.isActive).toBe(false)
  })

  test('that ends inside one huge commit is followed from the round that it reached', () => {
    catchUp.want(9)
    ask(0, 0)
    expect(reply({ head: index(9), certificates: upTo(3) }, 0)).toBe(true)
    ask(0, 1)
    expect(reply({ head: index(9), certificates: upTo(5) }, 0)).toBe(true)
    ask(0, 2)
    expect(asked().map(entry => entry.fromRound)).toEqual([0, 3, 5])
    // Nothing beyond what is known: from the start again, and from somebody else.
    expect(reply({ head: index(9), certificates: upTo(5) }, 0)).toBe(false)
    ask(0, 3)
    expect(asked().at(-1)).toMatchObject({ to: peerAt(2), fromIndex: 1 })
  })

  test('that does not help is followed by a question for all rounds that are not collected', () => {
    const dag = sketch.dag()
    dag.collect(round(2))
    catchUp = new CatchUp(partsOf({ dag }))
    catchUp.want(9)
    const fromRounds = [0, 1, 2].map(turn => {
      ask(0, turn)
      reply({ head: index(9) }, 0)
      return asked().at(-1)?.fromRound
    })
    expect(fromRounds).toEqual([0, 3, 0])
    // It stays thorough as long as that brings more, and no longer.
    catchUp.want(9)
    ask(0, 3)
    expect(reply({ head: index(9), certificates: upTo(4) }, 0)).toBe(true)
    ask(0, 4)
    expect(reply({ head: index(9), certificates: upTo(6) }, 4)).toBe(true)
    ask(4, 5)
    expect(
      asked()
        .slice(-3)
        .map(entry => entry.fromRound)
    ).toEqual([3, 4, 0])
  })

  test('without anything: the next peer is asked, and the target is forgotten after all of them', () => {
    catchUp.want(1_000_000)
    for (const [turn, peer] of peers.entries()) {
      ask(0, turn)
      expect(asked().at(-1)?.to).toBe(peer)
      expect(reply({}, 0)).toBe(false)
      expect(catchUp.isActive).toBe(turn < 2)
    }
    expect(catchUp.targetIndex).toBe(0)
  })

  test('of a liar about the head is forgotten although the log goes on by itself', () => {
    catchUp.want(1)
    ask(0, 0)
    reply({ head: index(2 ** 50) }, 0)
    let lastIndex = 0
    let requests = 1
    while (catchUp.isActive && requests < 20) {
      ask(lastIndex, requests++)
      // Commits arrive meanwhile, and honest peers are exactly as far.
      lastIndex++
      reply({ fromIndex: index(lastIndex), head: index(lastIndex) }, lastIndex)
    }
    expect(requests).toBeLessThanOrEqual(3)
    expect(catchUp.targetIndex).toBe(0)
  })

  test('after a target was forgotten a new one is looked for with everyone again', () => {
    catchUp.want(9)
    for (const turn of [0, 1, 2]) {
      ask(0, turn)
      reply({}, 0)
    }
    catchUp.want(9)
    ask(0, 10)
    reply({}, 0)
    expect(catchUp.isActive).toBe(true)
  })

  test('that was not asked for moves nothing', () => {
    expect(reply({ certificates: sketch.all.filter(c => c.header.round === round(1)) }, 0)).toBe(
      true
    )
    expect(catchUp.isActive).toBe(false)
  })
})

describe('the word of a member', () => {
  const liar = peerAt(3)
  /** Everybody is asked, and has nothing more. */
  const denyAll = () => {
    for (const _ of peers) {
      ask(0, clock)
      reply({}, 0)
    }
  }
  const hear = (claimed: number, by = liar, lastIndex = 0) => {
    catchUp.hear(claimed, by, index(lastIndex), at(clock))
    return catchUp.isActive
  }

  test('that nobody can back up is not listened to for a while, each time longer', () => {
    const waits: number[] = []
    for (let n = 0; n < 12; n++) {
      expect(hear(10 ** 12)).toBe(true)
      denyAll()
      expect([catchUp.isActive, catchUp.targetIndex]).toEqual([false, 0])
      const from = clock
      while (!hear(10 ** 12 + n)) clock += 250
      waits.push(clock - from)
      denyAll()
      clock = from + 2 ** 31
    }
    expect(waits[0]).toBe(1_000)
    expect(waits.every((wait, n) => n === 0 || wait >= (waits[n - 1] as number))).toBe(true)
    expect(waits.at(-1)).toBe(1_024_000)
  })

  test('of others is heard meanwhile, and so is its own once what it said came true', () => {
    hear(50)
    denyAll()
    expect(hear(60)).toBe(false)
    expect(hear(60, peerAt(2))).toBe(true)
    denyAll()
    expect(hear(60, liar, 50)).toBe(true)
  })

  test('is dropped although commits arrive meanwhile and every reply brings some', () => {
    hear(10 ** 12)
    let lastIndex = 0
    let requests = 0
    while (catchUp.isActive && requests < 50) {
      ask(lastIndex, requests++)
      lastIndex++
      const isBehind = requests % 2 === 0
      reply({ fromIndex: index(lastIndex), head: index(lastIndex + (isBehind ? 1 : 0)) }, lastIndex)
    }
    expect(requests).toBeLessThan(12)
    expect(hear(10 ** 12, liar, lastIndex)).toBe(false)
  })

  test('that is reached is no claim any more', () => {
    hear(3)
    ask(0, 0)
    reply({ head: index(2), certificates: upTo(4) }, 3)
    expect(catchUp.isActive).toBe(false)
    expect(hear(9, liar, 3)).toBe(true)
  })
})

test('what only looks like a lead is followed once in a while', () => {
  const hint = () => {
    catchUp.hint(1, at(clock))
    const { isActive } = catchUp
    for (const _ of peers) {
      ask(0, clock)
      reply({}, 0)
    }
    return isActive
  }
  const followed = [0, 500, 499, 1].map(after => {
    clock += after
    return hint()
  })
  expect(followed).toEqual([true, false, false, true])
})
