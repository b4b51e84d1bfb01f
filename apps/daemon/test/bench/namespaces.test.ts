import { expect, test } from 'vitest'
import { openNamespaces } from '../../src/bench/namespaces.ts'

/** A machine that notes what it is told, and fails at the command that says `failsAt`. */
function machine({ failsAt = 'never', names = '' } = {}) {
  const told: string[] = []
  const run = (command: string, args: readonly string[]): string => {
    const line = [command, ...args].join(' ')
    told.push(line)
    if (line.includes(failsAt)) throw new Error('not permitted')
    return line === 'ip netns list' ? names : ''
  }
  return { told, run }
}
const pid = 1_234
const deletions = (told: readonly string[]) => told.filter(line => line.includes(' del '))

test('gives each node a network of its own, with its limit at both ends', () => {
  const { told, run } = machine()
  using spaces = openNamespaces(2, 20, run, pid)
  expect(spaces?.host(1)).toBe('10.213.210.3')
  expect(spaces?.enter(1)).toEqual(['ip', 'netns', 'exec', 'novacron-1234-1'])
  const limit = 'root tbf rate 20mbit burst 32768 latency 100ms'
  expect(told).toContain(`tc qdisc add dev nc1234p1 ${limit}`)
  expect(told).toContain(`tc -n novacron-1234-1 qdisc add dev eth0 ${limit}`)
  expect(deletions(told)).toEqual([])
})

test('removes what it has made, once', () => {
  const { told, run } = machine()
  const before = process.listenerCount('exit')
  const spaces = openNamespaces(2, 20, run, pid)
  expect(process.listenerCount('exit')).toBe(before + 1)
  spaces?.[Symbol.dispose]()
  spaces?.[Symbol.dispose]()
  expect(process.listenerCount('exit')).toBe(before)
  expect(deletions(told)).toEqual([
    'ip link del nc1234p0',
    'ip netns del novacron-1234-0',
    'ip link del nc1234p1',
    'ip netns del novacron-1234-1',
    'ip link del nc1234'
  ])
})

test.each(['netns list', 'link add nc1234 type', 'tc qdisc'])(
  'leaves nothing behind where the machine does not allow %s',
  failsAt => {
    const { told, run } = machine({ failsAt })
    const before = process.listenerCount('exit')
    expect(openNamespaces(1, 20, run, pid)).toBeUndefined()
    expect(process.listenerCount('exit')).toBe(before)
    if (failsAt !== 'netns list') expect(told.at(-1)).toBe('ip link del nc1234')
  }
)

test('removes what a run that was killed has left, and nothing of one that goes on', () => {
  const gone = 2 ** 22 + 1
  const names = `novacron-${gone}-0 (id: 3)\nnovacron-${process.pid}-0\nother-1-0`
  const { told, run } = machine({ names })
  using _ = openNamespaces(1, 20, run, pid)
  expect(deletions(told)).toEqual([`ip netns del novacron-${gone}-0`, `ip link del nc${gone}`])
})

test('more nodes than addresses are left to the proxies', () => {
  expect(openNamespaces(251, 20, machine().run, pid)).toBeUndefined()
})
