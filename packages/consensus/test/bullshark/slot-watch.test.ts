import { describe, expect, test } from 'vitest'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import { type Certificate, makeHeader } from '../../src/index.ts'
import { batch, certify, domain, four, hash, only, peerAt, Sketch, signed } from '../fixtures.ts'
import { ownRound } from './own-round.ts'
import { messagesIn, Seat } from './seat.ts'

const sketch = new Sketch(four)
sketch.full(1, 9)

/** Another vertex for the slot, by these voters. */
function rivalOf({ header }: Certificate, voters: readonly number[]): Certificate {
  const { id: _, ...fields } = header
  return certify(makeHeader({ ...fields, payload: [batch('rival')] }, domain, hash), voters)
}

function give(seat: Seat, certificates: readonly Certificate[]): BullsharkEffect[] {
  return certificates.flatMap(certificate =>
    seat.receive(certificate.header.author, { type: 'certificate', certificate })
  )
}

function upTo(round: number): Certificate[] {
  return sketch.all.filter(({ header }) => header.round <= round)
}

function after(round: number): Certificate[] {
  return sketch.all.filter(({ header }) => header.round > round)
}

function observer(): Seat {
  const seat = new Seat('observer')
  seat.step({ type: 'started' })
  return seat
}

/** Started, and told by all others that they know of nothing that it has signed. */
function join(seat: Seat): void {
  seat.step({ type: 'started' })
  for (const peer of [1, 2, 3]) seat.receive(peer, ownRound())
}

describe('two certificates for one slot', () => {
  test('stop the order for good, with both kept and those named who signed both', () => {
    const seat = observer()
    give(seat, upTo(5))
    const before = seat.delivered.length
    const out = give(seat, [rivalOf(sketch.at(5, 1), [1, 2, 3])])
    const index = seat.machine.lastIndex
    const held = sketch.at(5, 1).signatures.map(({ voter }) => voter)
    const twice = [1, 2, 3].filter(voter => held.some(each => each === voter))
    expect(only(out, 'stopped')).toEqual([
      { type: 'stopped', index, reason: expect.stringContaining('two certificates for round 5') }
    ])
    expect(only(out, 'evidence').map(e => [e.against, e.kind, e.objects.length])).toEqual(
      twice.map(voter => [peerAt(voter), 'certificate-conflict', 2])
    )
    expect(only(out, 'note').map(note => [note.level, note.event])).toContainEqual([
      'error',
      'two-certificates'
    ])
    give(seat, after(5))
    expect(seat.delivered.length).toBe(before)
    const { phase, reasons } = seat.machine.status()
    expect(phase).toBe('stopped')
    expect(reasons[0]).toContain('ordering has stopped')
  })

  test('are told of once, and a third changes nothing', () => {
    const seat = observer()
    give(seat, upTo(5))
    give(seat, [rivalOf(sketch.at(5, 1), [1, 2, 3])])
    const again = give(seat, [rivalOf(sketch.at(5, 2), [0, 1, 2])])
    expect([...only(again, 'stopped'), ...only(again, 'evidence')]).toEqual([])
  })

  test('are noticed when the second had to wait for parents as well', () => {
    const seat = observer()
    const [parents, slot] = [upTo(1), sketch.at(2, 1)]
    give(seat, [slot, rivalOf(slot, [1, 2, 3])])
    const out = give(seat, parents)
    expect(only(out, 'stopped')).toHaveLength(1)
  })

  test('are nothing when it is the same vertex and other members have signed', () => {
    const seat = observer()
    give(seat, upTo(5))
    const { header } = sketch.at(5, 1)
    const out = [
      [0, 1, 2],
      [1, 2, 3],
      [0, 2, 3]
    ].flatMap(v => give(seat, [certify(header, v)]))
    expect([...only(out, 'stopped'), ...only(out, 'evidence')]).toEqual([])
    const before = seat.delivered.length
    give(seat, after(5))
    expect(seat.delivered.length).toBeGreaterThan(before)
  })

  test('need a quorum each: fewer votes, or false ones, stop nobody', () => {
    const seat = observer()
    give(seat, upTo(5))
    const rival = rivalOf(sketch.at(5, 1), [1, 2, 3])
    const broken = rival.signatures.map(entry => ({ ...entry, signature: new Uint8Array(64) }))
    const out = give(seat, [rivalOf(sketch.at(5, 1), [1, 2]), { ...rival, signatures: broken }])
    expect(only(out, 'stopped')).toEqual([])
    expect(seat.machine.status().phase).toBe('observing')
  })

  test('cannot be left behind by a snapshot, and nothing more is taken in', () => {
    const source = observer()
    give(source, sketch.all)
    const seat = observer()
    give(seat, upTo(5))
    give(seat, [rivalOf(sketch.at(5, 1), [1, 2, 3])])
    const { lastIndex } = seat.machine
    expect(source.machine.lastIndex).toBeGreaterThan(lastIndex)
    seat.step({ type: 'adopt', commits: source.delivered })
    expect(seat.machine.lastIndex).toBe(lastIndex)
    expect(only(give(seat, after(5)), 'persist')).toEqual([])
    expect(seat.machine.dag.highestRound).toBe(5)
  })

  test('end the signing of a member', () => {
    const seat = new Seat(0)
    join(seat)
    give(seat, [certify(sketch.at(1, 1).header, [1, 2, 3])])
    give(seat, [rivalOf(sketch.at(1, 1), [0, 2, 3])])
    const header = signed(sketch.at(1, 2).header)
    expect(messagesIn(seat.receive(2, { type: 'header', signed: header }), 'vote')).toEqual([])
    expect(seat.machine.status().phase).toBe('stopped')

    const other = new Seat(0)
    join(other)
    expect(messagesIn(other.receive(2, { type: 'header', signed: header }), 'vote')).toHaveLength(1)
  })
})
