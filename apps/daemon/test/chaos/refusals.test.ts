import { expect, test } from 'vitest'
import { checkRefusals } from '../../src/chaos/refusals.ts'

test('what is too large is refused, what is not is taken', () => {
  expect(checkRefusals([413, undefined, 413], ['taken', 'taken'])).toEqual([])
  expect(checkRefusals([413], [])).toEqual([])
})

test.each([
  { statuses: [413, 200, 200], valid: [], faults: ['a body that is too large got 200'] },
  {
    statuses: [undefined],
    valid: [],
    faults: ['nobody was told that a body is too large']
  },
  {
    statuses: [413],
    valid: ['taken', 'timeout', 'timeout'],
    faults: ['a valid transaction was answered: timeout']
  },
  {
    statuses: [413],
    valid: ['busy', 'taken'],
    faults: ['a valid transaction was answered: busy']
  }
])('$faults', ({ statuses, valid, faults }) => {
  expect(checkRefusals(statuses, valid)).toEqual(faults)
})
