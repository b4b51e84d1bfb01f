import type { PeerId } from '@novacron/base'
import type { SignatureCheck } from '@novacron/consensus'
import type { Mesh, PeerStatus } from '@novacron/transport'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/driver/clock.ts'
import { LateWire } from '../../src/driver/late-wire.ts'
import { signatureChecker } from '../../src/driver/signatures.ts'

const peer = 'peer-1' as PeerId
const frame = Uint8Array.of(1)

test('until the mesh is there, what is sent is lost; then it goes through', () => {
  const sent: [string, number][] = []
  const wire = new LateWire((streamClass, bytes) => sent.push([streamClass, bytes]))
  expect(wire.send(peer, 'order', frame)).toBe(false)
  wire.publish('heads', frame)
  wire.penalize(peer, 'early')
  expect(wire.peers()).toEqual([])
  expect(sent).toEqual([])

  const calls: unknown[][] = []
  const status = [{ peer } as PeerStatus]
  const mesh: Pick<Mesh, 'send' | 'publish' | 'penalize' | 'peers'> = {
    send: (...args) => calls.push(['send', ...args]) > 0 && args[1] !== 'sync',
    publish: (...args) => void calls.push(['publish', ...args]),
    penalize: (...args) => void calls.push(['penalize', ...args]),
    peers: () => status
  }
  wire.connect(mesh as Mesh)
  expect(wire.send(peer, 'bulk', frame)).toBe(true)
  expect(wire.send(peer, 'sync', frame)).toBe(false)
  expect(sent).toEqual([['bulk', 1]])
  wire.publish('evidence', frame)
  wire.penalize(peer, 'late')
  expect(wire.peers()).toBe(status)
  expect(calls).toEqual([
    ['send', peer, 'bulk', frame],
    ['send', peer, 'sync', frame],
    ['publish', 'evidence', frame],
    ['penalize', peer, 'late']
  ])
})

/** A signature holds when its first byte is 1. */
function checking() {
  const asked = { here: 0, elsewhere: 0 }
  const checker = signatureChecker(
    (_key, _message, signature) => {
      asked.here += 1
      return signature[0] === 1
    },
    async (_key, _message, signature) => {
      asked.elsewhere += 1
      return signature[0] === 1
    }
  )
  return { checker, asked }
}

function checks(...holds: number[]): SignatureCheck[] {
  return holds.map(byte => ({
    publicKey: frame,
    message: frame,
    signature: Uint8Array.of(byte)
  }))
}

test('few signatures are checked at once, many on other threads', async () => {
  const { checker, asked } = checking()
  expect(checker.checkAll([])).toBe(true)
  expect(checker.checkAll(checks(1, 1, 1, 1))).toBe(true)
  expect(checker.checkAll(checks(1, 0, 1))).toBe(false)
  expect(asked).toEqual({ here: 6, elsewhere: 0 })
  const fill = new Array<number>(15).fill(1)
  expect(checker.checkAll(checks(...fill, 0))).toBe(false)
  const many = checker.checkAll(checks(...fill, 1, 1))
  expect(many).toBeInstanceOf(Promise)
  expect(await many).toBe(true)
  expect(await checker.checkAll(checks(...fill, 0, 1))).toBe(false)
  expect(asked.elsewhere).toBe(34)
})

test('who must answer at once has any number checked at once', () => {
  const { checker, asked } = checking()
  expect(checker.checkAllNow(checks(1, 1, 1, 1, 1, 1))).toBe(true)
  expect(checker.checkAllNow(checks(1, 1, 1, 1, 1, 0))).toBe(false)
  expect(asked).toEqual({ here: 12, elsewhere: 0 })
})

test('the clock counts whole milliseconds and never goes back', () => {
  let last = systemClock()
  for (let i = 0; i < 1_000; i++) {
    const now = systemClock()
    expect(now).toBeGreaterThanOrEqual(last)
    expect(Number.isSafeInteger(now)).toBe(true)
    last = now
  }
})
