import { setImmediate as turn } from 'node:timers/promises'
import type { Connection, Stream } from '@libp2p/interface'
import { concatBytes } from '@novacron/base'
import { expect, test, vi } from 'vitest'
import {
  nonceBytes,
  offerBytes,
  sessionBytes,
  signingKeyOf,
  signTerms
} from '../../src/direct/agreement.ts'
import { DirectPlane } from '../../src/direct/direct-plane.ts'
import { defaultMeshOptions, type MeshEvent, peerIdOfSeed } from '../../src/index.ts'
import type { Link } from '../../src/link/link.ts'
import { chain, seedOf } from '../network.ts'

/** Breaks at the second message that is sent on it. */
class BreakingStream extends EventTarget {
  readonly sent: Uint8Array[] = []
  readonly abort = vi.fn()

  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes)
    if (this.sent.length === 2) throw new Error('stream is closed')
    return true
  }

  say(data: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
}

// Any rejection that nobody hears of ends the process, and this test.
test('a stream that breaks while sockets are awaited is one failed attempt, and nothing else when they are given up', async () => {
  const [dialer, listener] = [seedOf(1), seedOf(2)]
  const peer = peerIdOfSeed(dialer)
  const events: MeshEvent[] = []
  const link = { peer, plane: 'libp2p', move: vi.fn() } as unknown as Link
  using plane = new DirectPlane(
    { ...defaultMeshOptions, chain },
    {
      self: peerIdOfSeed(listener),
      privateKeySeed: listener,
      isTrusted: () => true,
      linkOf: () => link,
      emit: event => events.push(event),
      random: () => 0
    }
  )
  const stream = new BreakingStream()
  const connection = { direction: 'inbound' } as Connection
  const answered = plane.onStream(stream as unknown as Stream, connection)
  const offer = concatBytes([new Uint8Array(nonceBytes), new Uint8Array(offerBytes - nonceBytes)])
  stream.say(offer)
  await expect.poll(() => stream.sent.length).toBe(1)
  const answer = (stream.sent[0] as Uint8Array).subarray(0, offerBytes + sessionBytes)
  const terms = { chain, dialer: peer, listener: peerIdOfSeed(listener), offer, answer }
  stream.say(signTerms(terms, 'dialer', signingKeyOf(dialer)))
  await answered
  // What is still awaited is given up.
  plane[Symbol.dispose]()
  await turn()
  expect(stream.abort).toHaveBeenCalledOnce()
  expect(link.move).not.toHaveBeenCalled()
  expect(events.map(({ type }) => type)).toEqual(['direct-failed'])
})
