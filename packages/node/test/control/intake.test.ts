import { describe, expect, test } from 'vitest'
import { Intake, intakeBytesMax } from '../../src/control/intake.ts'

function setUp() {
  const submitted: { readonly bytes: readonly number[]; readonly count: number }[] = []
  const deferred: (() => void)[] = []
  const intake = new Intake({
    submit: (region, count) => void submitted.push({ bytes: [...region], count }),
    defer: flush => void deferred.push(flush)
  })
  return { intake, submitted, turn: () => deferred.splice(0).map(flush => flush()) }
}

describe('what comes in one turn of the event loop', () => {
  test('is one event, in the order of arrival', () => {
    const { intake, submitted, turn } = setUp()
    const region = new Uint8Array([1, 2])
    intake.add(region, 1)
    region.fill(9)
    intake.add(new Uint8Array([3]), 2)
    expect(intake.bytes).toBe(3)
    expect(submitted).toEqual([])
    turn()
    expect(submitted).toEqual([{ bytes: [1, 2, 3], count: 3 }])
    expect(intake.bytes).toBe(0)
    turn()
    intake.add(new Uint8Array([4]), 1)
    turn()
    expect(submitted.at(-1)).toEqual({ bytes: [4], count: 1 })
  })

  test('goes on at once when there is no room for more', () => {
    const { intake, submitted, turn } = setUp()
    intake.add(new Uint8Array([1]), 1)
    intake.add(new Uint8Array(intakeBytesMax), 5)
    expect(submitted).toEqual([{ bytes: [1], count: 1 }])
    expect(intake.bytes).toBe(intakeBytesMax)
    intake.add(new Uint8Array(intakeBytesMax + 1), 7)
    expect(submitted.map(({ count }) => count)).toEqual([1, 5, 7])
    turn()
    expect(submitted).toHaveLength(3)
  })
})
