import {
  AssertionError,
  accepted,
  assert,
  decodeFault,
  Fault,
  ignored,
  rejected,
  streamClasses,
  unreachable
} from '@novacron/base'
import { describe, expect, test } from 'vitest'

describe('a fault', () => {
  test('carries its code, its facts and its cause, and says them', () => {
    const cause = new Error('disk')
    const fault = new Fault({ code: 'too-long', field: 'name', length: 9 }, { cause })
    expect(fault).toBeInstanceOf(Error)
    expect(fault.name).toBe('Fault')
    expect(fault.code).toBe('too-long')
    expect(fault.facts).toEqual({ code: 'too-long', field: 'name', length: 9 })
    expect(fault.message).toBe('too-long: field=name, length=9')
    expect(fault.cause).toBe(cause)
  })

  test('without facts is its code alone', () => {
    expect(new Fault({ code: 'closed' }).message).toBe('closed')
    expect(new Fault({ code: 'closed' }).cause).toBeUndefined()
  })

  test('of a decoder is one', () => {
    expect(decodeFault({ code: 'trailing-bytes', left: 2 })).toEqual(
      new Fault({ code: 'trailing-bytes', left: 2 })
    )
  })
})

describe('assertions', () => {
  test('let truth pass and stop at our mistakes', () => {
    expect(() => assert(true, 'never said')).not.toThrow()
    expect(() => assert(false, 'queue is bounded')).toThrow(
      expect.objectContaining({ name: 'AssertionError', message: 'queue is bounded' })
    )
  })

  test('name a member that a switch forgot', () => {
    expect(() => unreachable('new-kind' as never)).toThrow(AssertionError)
    expect(() => unreachable('new-kind' as never)).toThrow('unreachable: new-kind')
  })
})

test('verdicts accept, ignore or reject, with the fault', () => {
  const fault = { code: 'round-too-far', round: 900 }
  expect(accepted).toEqual({ type: 'accept' })
  expect(ignored(fault)).toEqual({ type: 'ignore', fault })
  expect(rejected(fault)).toEqual({ type: 'reject', fault })
})

test('stream classes stand in the order of their priority', () => {
  expect(streamClasses).toEqual(['order', 'sync', 'bulk'])
})
