import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseLatencyMatrix, readLatencyMatrix } from '../../src/simulate/latency-matrix.ts'
import { testDirectory } from '../test-directory.ts'

describe('round trips in milliseconds', () => {
  const square = [
    [0, 12.5],
    [13, 0]
  ]
  test.each([
    { name: 'a.csv', text: '0,12.5\n13,0\n' },
    { name: 'a.csv', text: ' 0 , 12.5\r\n 13 , 0\r\n\r\n' },
    { name: 'a.csv', text: '0;12.5\n13;0' },
    { name: 'a.tsv', text: '0\t12.5\n13\t0\n' },
    { name: 'a.txt', text: '0 12.5\n13  0\n' },
    { name: 'SeattleData_1', text: '0\t0.0125\n0.013\t0\n' },
    { name: 'a.json', text: '[[0, 12.5], [13, 0]]' },
    { name: 'a.json', text: '{"data": {"b": {"a": 13, "b": 0}, "a": {"b": 12.5, "a": 0}}}' },
    { name: 'a.json', text: '{"a": {"b": 12.5}, "b": {"a": 13}}' }
  ])('$text', ({ name, text }) => {
    expect(parseLatencyMatrix(text, `/data/${name}`)).toEqual(square)
  })

  test('are read from a file', async () => {
    const path = join(testDirectory(), 'rtt.csv')
    writeFileSync(path, '7')
    expect(await readLatencyMatrix(path)).toEqual([[7]])
    await expect(readLatencyMatrix(`${path}x`)).rejects.toMatchObject({
      facts: { code: 'failed', message: expect.stringContaining('ENOENT') }
    })
  })
})

describe('what is wrong is named by row and column', () => {
  test.each([
    { text: '', problem: 'has no row' },
    { text: '{}', problem: 'has no row' },
    { text: '0,1\n2', problem: 'row 2 has 1 column, the file has 2 rows; give a square' },
    { text: '0,1', problem: 'row 1 has 2 columns, the file has 1 row' },
    { text: '0,x\n2,0', problem: 'row 1, column 2 is x; give a round trip from 0 to 60000 ms' },
    { text: '0,1\n,0', problem: 'row 2, column 1 is missing' },
    { text: '0,1\n-1,0', problem: 'row 2, column 1 is -1' },
    { text: '0,60001\n1,0', problem: 'row 1, column 2 is 60001' },
    { text: '0,NaN\n1,0', problem: 'row 1, column 2 is NaN' },
    { text: '[[0,1],[2]', problem: 'is not JSON (' },
    { text: '[[0,1],2]', problem: 'row 2 is not a list of numbers' },
    { text: '[[0,"1"],[2,0]]', problem: 'row 1, column 2 is 1' },
    { text: '{"a": 1}', problem: 'row a is not an object of numbers' },
    { text: '{"a": {"b": 1}, "b": {}}', problem: 'row b, column a is missing' },
    { text: '{"a": {"b": "1"}, "b": {"a": 1}}', problem: 'row a, column b is "1"' }
  ])('$text', ({ text, problem }) => {
    expect(() => parseLatencyMatrix(text, '/data/a')).toThrow(
      expect.objectContaining({
        facts: { code: 'failed', message: expect.stringContaining(`/data/a: ${problem}`) }
      })
    )
  })

  test('too many hosts are refused', () => {
    const rows = Array.from({ length: 4_097 }, () => '1').join('\n')
    expect(() => parseLatencyMatrix(rows, 'a')).toThrow('has 4097 hosts, allowed are 4096')
  })
})
