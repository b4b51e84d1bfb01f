import { describe, expect, test } from 'vitest'
import { type FaultKind, parseFaultSpecification } from '../src/index.ts'

const kinds: readonly FaultKind[] = [
  { name: 'crash', what: 'one stops' },
  { name: 'partition', parameter: 'duration', what: 'two sides' },
  { name: 'wiped-disk', what: 'empty' },
  { name: 'loss', parameter: 'percent', what: 'lost' },
  { name: 'bandwidth', parameter: 'rate', what: 'narrow' }
]

function parse(text: string) {
  const specification = parseFaultSpecification(text, kinds)
  if ('code' in specification) return specification
  return [[...specification.names], Object.fromEntries(specification.values)]
}

const all = ['crash', 'partition', 'wiped-disk', 'loss', 'bandwidth']

describe('a specification of faults', () => {
  test.each([
    { text: 'none', names: [], values: {} },
    { text: 'all', names: all, values: {} },
    { text: 'crash', names: ['crash'], values: {} },
    {
      text: 'crash, partition=2s,loss=5%',
      names: ['crash', 'partition', 'loss'],
      values: { partition: 2_000, loss: 5 }
    },
    { text: '-wiped-disk', names: ['crash', 'partition', 'loss', 'bandwidth'], values: {} },
    { text: '-wiped-disk,-loss', names: ['crash', 'partition', 'bandwidth'], values: {} },
    { text: 'bandwidth=1kB', names: ['bandwidth'], values: { bandwidth: 1_000 } },
    { text: 'bandwidth=1.5MB', names: ['bandwidth'], values: { bandwidth: 1_500_000 } },
    { text: 'bandwidth=10GB', names: ['bandwidth'], values: { bandwidth: 1e10 } },
    { text: 'crash,loss,-crash', names: ['loss'], values: {} },
    { text: 'all,-crash,loss=0%', names: all.slice(1), values: { loss: 0 } },
    { text: 'crash,none,loss', names: ['loss'], values: {} },
    { text: 'partition=1ms', names: ['partition'], values: { partition: 1 } },
    { text: 'partition=10m', names: ['partition'], values: { partition: 600_000 } },
    { text: 'partition=1.5s', names: ['partition'], values: { partition: 1_500 } },
    { text: 'loss=100%', names: ['loss'], values: { loss: 100 } }
  ])('$text', ({ text, names, values }) => {
    expect(parse(text)).toEqual([names, values])
  })

  test.each([
    { text: 'crash,loss=5%', named: ['crash', 'loss'] },
    { text: 'all,crash', named: ['crash'] },
    { text: 'crash,all', named: ['crash'] },
    { text: 'crash,loss,-crash', named: ['loss'] },
    { text: 'crash,none,loss', named: ['loss'] },
    { text: '-crash', named: [] }
  ])('$text names one by one: $named', ({ text, named }) => {
    expect(parseFaultSpecification(text, kinds)).toMatchObject({ named: new Set(named) })
  })

  test.each([
    { text: '', code: 'specification-empty' },
    { text: 'crash,', code: 'specification-empty' },
    { text: 'crahs', code: 'fault-unknown' },
    { text: '-crahs', code: 'fault-unknown' },
    { text: '--crash', code: 'fault-unknown' },
    { text: 'crash=2s', code: 'fault-value', allowed: 'crash without a value' },
    { text: 'crash=', code: 'fault-value' },
    { text: 'partition=5%', code: 'fault-value' },
    { text: 'partition=0ms', code: 'fault-value' },
    {
      text: 'partition=11m',
      code: 'fault-value',
      allowed: 'partition=T with T from 1ms to 10m, such as partition=2s'
    },
    { text: 'partition=2', code: 'fault-value' },
    { text: 'loss=101%', code: 'fault-value', allowed: 'loss=P% with P from 0 to 100' },
    { text: 'loss=5', code: 'fault-value' },
    { text: 'loss=5kB', code: 'fault-value' },
    { text: 'partition=5kB', code: 'fault-value' },
    { text: 'bandwidth=999B', code: 'fault-value' },
    { text: 'bandwidth=11GB', code: 'fault-value' },
    {
      text: 'bandwidth=2s',
      code: 'fault-value',
      allowed: 'bandwidth=R with R from 1kB to 10GB a second, such as bandwidth=500kB'
    },
    { text: '-loss=5%', code: 'fault-value', allowed: '-loss' }
  ])('"$text" is $code', ({ text, ...fault }) => {
    expect(parse(text)).toMatchObject(fault)
  })
})
