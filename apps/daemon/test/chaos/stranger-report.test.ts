import { describe, expect, test } from 'vitest'
import {
  checkStranger,
  type StrangerFate,
  type StrangerReport
} from '../../src/chaos/stranger-report.ts'

const nobody = { node: 'a', refusedOthers: [] }
const good: Readonly<Record<StrangerFate, StrangerReport>> = {
  'thrown-out': { ...nobody, isRefused: true, isConnected: false, heardBytes: 0 },
  borne: { ...nobody, isRefused: false, isConnected: true, heardBytes: 100 }
}
const said = { sent: 1, heardBytesMin: 100 }

describe.each(Object.keys(good) as readonly StrangerFate[])('a stranger that is to be %s', fate => {
  const report = good[fate]

  test('is so everywhere', () => {
    expect(checkStranger(fate, said, [report, { ...report, node: 'b' }])).toEqual([])
  })

  test('must have sent something', () => {
    expect(checkStranger(fate, { ...said, sent: 0 }, [report])).toEqual([
      'the stranger sent nothing'
    ])
  })

  test('takes nobody else along', () => {
    const wrong = { ...report, node: 'b', refusedOthers: ['x', 'y'] }
    const faults = checkStranger(fate, said, [report, wrong])
    expect(faults).toEqual(['b refused others for it: x y'])
  })
})

test.each<{ fate: StrangerFate; change: Partial<StrangerReport>; fault: string }>([
  { fate: 'thrown-out', change: { isRefused: false }, fault: 'a never refused the stranger' },
  {
    fate: 'thrown-out',
    change: { isConnected: true },
    fault: 'a keeps its connection to the stranger'
  },
  { fate: 'borne', change: { heardBytes: 99 }, fault: 'a has heard 99 bytes of it' },
  {
    fate: 'borne',
    change: { isRefused: true },
    fault: 'a threw out who broke no rule of the wire'
  },
  { fate: 'borne', change: { isConnected: false }, fault: 'a lost the stranger' }
])('$fault', ({ fate, change, fault }) => {
  expect(checkStranger(fate, said, [{ ...good[fate], ...change }])).toEqual([fault])
})
