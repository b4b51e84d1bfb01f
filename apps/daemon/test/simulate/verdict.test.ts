import { expect, test } from 'vitest'
import { printedVerdict, wordsOfVerdict } from '../../src/simulate/verdict.ts'

test.each([
  ['lost', { verdict: 'lost' }, 'lost'],
  ['double-signed', { verdict: 'diverged', detail: 'double-signed' }, 'diverged (double-signed)'],
  ['asserted', { verdict: 'stalled', detail: 'asserted' }, 'stalled (asserted)']
] as const)('%s is printed by one of five names, with the finer one', (verdict, json, words) => {
  expect(printedVerdict(verdict)).toEqual(json)
  expect(wordsOfVerdict(printedVerdict(verdict))).toBe(words)
})
