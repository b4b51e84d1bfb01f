import { expect, test } from 'vitest'
import { textTable } from '../src/text-table.ts'

test('columns are aligned, numbers to the right, nothing at the ends of lines', () => {
  const rows = [
    ['node-1', 5, 'x'],
    ['n', 12_345, 'long'],
    ['node', '-', '']
  ]
  expect(textTable(['name', 'round', 'what'], rows)).toEqual([
    'name    round  what',
    'node-1      5  x',
    'n       12345  long',
    'node        -'
  ])
})

test('a table without rows is its head', () => {
  expect(textTable(['a', 'b'], [])).toEqual(['a  b'])
})
