import { AssertionError, type DecodeFault, Fault, Writer } from '@novacron/base'
import { expect, test } from 'vitest'
import { certificatesLimit, pullDigestsLimit } from '../../src/bullshark/messages.ts'
import { bullsharkCodec } from '../../src/index.ts'
import { domain, hash } from '../fixtures.ts'
import { ownRound } from './own-round.ts'

const codec = bullsharkCodec(domain, hash)

function decodeFaultOf(bytes: Uint8Array): DecodeFault | undefined {
  try {
    codec.decode(bytes)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    return (error as Fault<DecodeFault>).facts
  }
}

test.each([
  { name: 'a kind that is none', bytes: new Writer().u8(9).finish(), code: 'bad-value' },
  { name: 'nothing at all', bytes: new Uint8Array(0), code: 'truncated' },
  {
    name: 'more digests than a pull may ask for',
    bytes: new Writer()
      .u8(3)
      .u64(0)
      .u16(pullDigestsLimit + 1)
      .finish(),
    code: 'too-long'
  },
  {
    name: 'more certificates than a reply may hold',
    bytes: new Writer()
      .u8(4)
      .u64(0)
      .u16(certificatesLimit + 1)
      .finish(),
    code: 'too-long'
  },
  {
    name: 'as many certificates as it may hold, and none of them there',
    bytes: new Writer().u8(4).u64(0).u16(certificatesLimit).finish(),
    code: 'truncated'
  },
  {
    name: 'an answer whose header is neither there nor not',
    bytes: new Writer().u8(8).u64(0).u64(1).u8(2).finish(),
    code: 'bad-value'
  },
  {
    name: 'an answer whose vote is neither there nor not',
    bytes: new Writer().u8(8).u64(0).u64(1).u8(0).u8(255).finish(),
    code: 'bad-value'
  },
  {
    name: 'an answer whose header is said to be there',
    bytes: new Writer().u8(8).u64(0).u64(1).u8(1).finish(),
    code: 'truncated'
  }
])('$name: $code', ({ bytes, code }) => {
  expect(decodeFaultOf(bytes)?.code).toBe(code)
})

test('an answer without proofs is a few bytes', () => {
  const bytes = new Writer().u8(8).u64(0).u64(1).u8(0).u8(0).u16(0).finish()
  expect(codec.decode(bytes)).toEqual(ownRound({}, 1))
  expect(codec.encode(ownRound({}, 1))).toEqual(bytes)
})

test('a message of no known type is our own mistake', () => {
  expect(() => codec.encode({ type: 'none' } as never)).toThrow(AssertionError)
})
