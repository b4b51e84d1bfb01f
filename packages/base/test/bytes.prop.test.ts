import { compareBytes, concatBytes, equalBytes, fromHex, toHex } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const bytes = fc.uint8Array({ maxLength: 40 })

test('hex gives back the bytes, two digits each', () => {
  fc.assert(
    fc.property(bytes, value => {
      const hex = toHex(value)
      expect(hex).toMatch(/^([0-9a-f]{2})*$/)
      expect(fromHex(hex)).toEqual(value)
      expect(fromHex(hex.toUpperCase())).toEqual(value)
    })
  )
})

test('bytes compare as their hex strings do', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const [x, y] = [toHex(a), toHex(b)]
      expect(Math.sign(compareBytes(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0)
      expect(equalBytes(a, b)).toBe(x === y)
    })
  )
})

test('joined bytes are their hex joined', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 8 }), parts => {
      expect(toHex(concatBytes(parts))).toBe(parts.map(toHex).join(''))
    })
  )
})
