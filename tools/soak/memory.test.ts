import { describe, expect, test } from 'vitest'
import { describeMemory, type MemorySample, memoryFaults, memoryOf } from './memory.ts'

/** Ten minutes, a look every ten seconds. */
const duration = 600

function course(rssMB: (seconds: number) => number, node = 'node-1'): MemorySample[] {
  return Array.from({ length: 62 }, (_, i) => {
    const atSeconds = 10 * i
    const rssBytes = 1e6 * rssMB(atSeconds)
    return { atSeconds, node, rssBytes, peakRssBytes: rssBytes + 1e6, diskBytes: 2 ** 30 + i }
  })
}

const run = { nodes: 1, ratePerSecond: 50_000, throughput: 49_990, agreement: true }
const level = course(seconds => Math.min(400, 100 + seconds))

describe('memory under load', () => {
  test('is told at each fifth, with its slope over the second half and its peaks', () => {
    expect(memoryOf(level, duration)).toEqual([
      {
        node: 'node-1',
        marks: [
          { atSeconds: 120, rssBytes: 220e6 },
          { atSeconds: 240, rssBytes: 340e6 },
          { atSeconds: 360, rssBytes: 400e6 },
          { atSeconds: 480, rssBytes: 400e6 },
          { atSeconds: 600, rssBytes: 400e6 }
        ],
        slopeBytesPerMinute: 0,
        growth: 0,
        peakRssBytes: 401e6,
        // After the end nothing counts.
        peakDiskBytes: 2 ** 30 + 60
      }
    ])
  })

  test('that goes on growing has its slope', () => {
    const [daemon] = memoryOf(
      course(seconds => 100 + seconds / 2),
      duration
    )
    expect(daemon?.slopeBytesPerMinute).toBe(30e6)
    // By 150 of 325 MB on average.
    expect(daemon?.growth).toBe(0.462)
  })

  test('is told by daemon, and of one sample nothing grows', () => {
    const samples = [...course(() => 200, 'node-2').slice(-3, -2), ...level]
    const daemons = memoryOf(samples, duration)
    expect(daemons.map(({ node }) => node)).toEqual(['node-1', 'node-2'])
    expect(daemons[1]).toMatchObject({ slopeBytesPerMinute: 0, growth: 0, peakRssBytes: 201e6 })
  })

  test('is well when it is level and within its limits', () => {
    const daemons = memoryOf(level, duration)
    const faults = memoryFaults(run, daemons)
    expect(faults).toEqual([])
    expect(describeMemory(daemons, faults)).toBe(
      `node-1: 220 MB at 120 s, 340 MB at 240 s, 400 MB at 360 s, 400 MB at 480 s, 400 MB at 600 s; 0.0 MB a minute in the second half (0 % of its mean); peak 401 MB, disk 1.00 GiB at most
reached: level, 401 MB at most (under 700 MB), 1.00 GiB of disk at most (under 4.00 GiB)
`
    )
  })

  test.each([
    { name: 'grows', samples: course(seconds => 100 + seconds / 2), fault: 'grew by 46 %' },
    { name: 'is too much', samples: course(() => 699), fault: 'node-1 took 700 MB' },
    {
      name: 'is little, and the disk is full',
      samples: level.map(each => ({ ...each, diskBytes: 4 * 2 ** 30 })),
      fault: 'node-1 took 4.00 GiB of disk'
    },
    { name: 'is not known', samples: [], fault: 'only 0 daemons were seen' }
  ])('is not well when it $name', ({ samples, fault }) => {
    const daemons = memoryOf(samples, duration)
    const faults = memoryFaults(run, daemons)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(fault)
    expect(describeMemory(daemons, faults)).toContain(`not reached: ${faults[0]}\n`)
  })

  test('says nothing of a rate that was not ordered, or not agreed on', () => {
    const slow = { ...run, throughput: 47_499, agreement: false }
    expect(memoryFaults(slow, memoryOf(level, duration))).toEqual([
      'only 47499 of 50000 tx/s were ordered',
      'the daemons were not seen to agree'
    ])
  })
})
