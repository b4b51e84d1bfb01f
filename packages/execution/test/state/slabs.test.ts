import { expect, test } from 'vitest'
import { Slabs } from '../../src/state/slabs.ts'

/** Where a value lies. */
interface Place {
  readonly slab: number
  readonly offset: number
}

function add(slabs: Slabs, length: number, fill: number): Place {
  slabs.add(new Uint8Array(length).fill(fill))
  return { slab: slabs.slab, offset: slabs.offset }
}

test('values share a slab until it is full, and keep it while one of them counts', () => {
  const slabs = new Slabs()
  const places: Place[] = []
  for (let n = 0; n < 60; n++) places.push(add(slabs, 2_500, n))
  const [first, ...others] = places.filter(({ slab }) => slab === places[0]?.slab) as [Place]
  expect(others).toHaveLength(25)
  for (const { slab } of others) slabs.release(slab)
  for (const [n, { slab, offset }] of places.entries()) {
    if (slab === first.slab && n > 0) continue
    expect(slabs.bytes(slab).subarray(offset, offset + 2_500)).toEqual(
      new Uint8Array(2_500).fill(n)
    )
  }
  slabs.release(first.slab)
  expect(slabs.bytes(first.slab)).toHaveLength(0)
})

test('a large value has a slab of its own, which goes with it, and its number is given again', () => {
  const slabs = new Slabs()
  const small = add(slabs, 10, 1)
  const large = add(slabs, 100_000, 2)
  expect(slabs.bytes(large.slab)).toHaveLength(100_000)
  expect(add(slabs, 10, 3)).toEqual({ slab: small.slab, offset: 10 })
  slabs.release(large.slab)
  expect(slabs.bytes(large.slab)).toHaveLength(0)
  expect(add(slabs, 50_000, 4).slab).toBe(large.slab)
})

test('the slab that is being filled stays when nothing in it counts', () => {
  const slabs = new Slabs()
  const places = [add(slabs, 10, 1), add(slabs, 10, 2)]
  for (const { slab } of places) slabs.release(slab)
  expect(add(slabs, 10, 3)).toEqual({ slab: places[0]?.slab, offset: 20 })
})
