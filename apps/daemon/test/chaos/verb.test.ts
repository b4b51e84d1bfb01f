import { expect, test } from 'vitest'
import { catalogue } from '../../src/chaos/catalogue.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'

test('scenarios are listed with what they do', async () => {
  const io = captureIo()
  expect(await run(['chaos', '--scenario', 'list'], io)).toBe(0)
  expect(io.stdout.text.split('\n')).toHaveLength(catalogue.length + 2)
  expect(io.stdout.text).toMatch(/^partition-half +real +No quorum on any side/m)
  const json = captureIo()
  expect(await run(['chaos', '--scenario', 'list', '--json'], json)).toBe(0)
  const { scenarios } = JSON.parse(json.stdout.text)
  expect(scenarios.map(({ name }: { name: string }) => name)).toEqual(
    catalogue.map(({ name }) => name)
  )
})

test('each of the 23 of the list has one line, under its number or beside its name', async () => {
  const io = captureIo()
  expect(await run(['chaos', '--scenario', 'list', '--json'], io)).toBe(0)
  const { scenarios } = JSON.parse(io.stdout.text) as {
    scenarios: { name: string; also?: string }[]
  }
  const numbers = scenarios.flatMap(
    ({ name, also }) => /^dwcp-(\d\d)/.exec(also ?? name)?.[1] ?? []
  )
  expect(numbers.map(Number).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 23 }, (_, i) => i + 1)
  )
  const text = captureIo()
  expect(await run(['chaos', '--scenario', 'list'], text)).toBe(0)
  expect(text.stdout.text).toMatch(/^congestion +real .* \(dwcp-19\)$/m)
})

test('each scenario has a name of its own', () => {
  const names = catalogue.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
})

test('an interrupted command prints what has ended, and has failed', async () => {
  const signal = AbortSignal.abort()
  const argv = ['chaos', '--scenario', 'dwcp-08-partition-half']
  const json = captureIo({ signal })
  expect(await run([...argv, '--json'], json)).toBe(1)
  expect(JSON.parse(json.stdout.text)).toMatchObject({ interrupted: true, scenarios: [] })
  expect(json.stderr.text).toBe('novacron: interrupted\n')
  const text = captureIo({ signal })
  expect(await run(argv, text)).toBe(1)
  expect(text.stdout.text).toBe('0 passed, 0 failed, 0 skipped until the interruption\n')
})

test.each([
  { argv: ['--scenario', 'kill-8'], said: 'there is no scenario "kill-8" (Did you mean kill-9?)' },
  { argv: ['--scenario', 'list,kill-9'], said: '--scenario list stands alone' },
  { argv: ['--nodes', '3'], said: 'Allowed is an integer from 4 to 13.' },
  { argv: ['--rate', '49'], said: 'Allowed is an integer from 50 to 100000.' }
])('$argv is a wrong usage', async ({ argv, said }) => {
  const io = captureIo()
  expect(await run(['chaos', ...argv], io)).toBe(2)
  expect(io.stderr.text).toContain(said)
  expect(io.stdout.text).toBe('')
})
