import {
  defaultBullsharkOptions,
  defaultMempoolOptions,
  defaultTurboOptions
} from '@novacron/consensus'
import { defaultReplicaOptions } from '@novacron/replica'
import { behaviourNames, twinChangesMax } from './byzantine/behaviour.ts'
import { deviceNames, tailLosses } from './disk/disk.ts'
import { departureNames } from './gone.ts'
import { driversLaw } from './law.ts'
import { diskOperations, persistPoints } from './node.ts'
import { observersMax, replicasMax } from './scenario.ts'
import {
  type Fields,
  flag,
  integer,
  list,
  number,
  optional,
  partial,
  record,
  type Shape,
  tagged,
  word
} from './scenario-shape.ts'

/** What a scenario file may ask for at most: of more, a run has no end, or no room. */
export const scenarioBounds = {
  /** A day: no time and no span in a run is longer. */
  virtualMsMax: 86_400_000,
  /** One delay of a message, a disk or a connection. */
  delayMsMax: 3_600_000,
  clientsMax: 10_000,
  /** Of all clients together. */
  requestsPerSecondMax: 100_000,
  requestIntervalMsMin: 0.1,
  outstandingMax: 1_000_000,
  bytesPerSecondMax: 1_000_000_000_000,
  inFlightMax: 10_000_000,
  /** Entries of each list of faults, crash points, departures or links. */
  listMax: 100_000,
  /** Rows or batches that one fault damages. */
  damageMax: 1_000_000,
  /** Parts in a million by which a clock may be fast or slow: half as fast again at most. */
  driftPerMillionMax: 500_000,
  stepsMax: 1_000_000_000,
  /** Any option of the machines that is no time. */
  optionMax: 4_000_000_000
} as const

const { virtualMsMax, delayMsMax, listMax } = scenarioBounds

const moment: Shape = number(0, virtualMsMax)
const percent: Shape = number(0, 100)
const loss: Shape = word(tailLosses)

const delay: Shape = tagged({
  uniform: { fromMs: number(0, delayMsMax), toMs: number(0, delayMsMax) },
  exponential: { minMs: number(0, delayMsMax), meanMs: number(0, delayMsMax) },
  'heavy-tail': {
    minMs: number(0, delayMsMax),
    shape: number(0.01, 1_000),
    maxMs: number(0, delayMsMax)
  }
})

const rate: Shape = number(0, scenarioBounds.bytesPerSecondMax)

const network: Shape = partial({
  delay,
  distancesMs: list(list(number(0, delayMsMax), 2 * replicasMax), 2 * replicasMax),
  // Of places that are not there they are left out.
  linkDelays: list(
    record({ from: integer(0, 2 * replicasMax), to: integer(0, 2 * replicasMax), delay }),
    2 * replicasMax * replicasMax
  ),
  bulkLagMs: number(0, delayMsMax),
  connectDelay: delay,
  lossPercent: percent,
  duplicatePercent: percent,
  linkBytesPerSecond: rate,
  nodeBytesPerSecond: rate,
  isFifo: flag,
  inFlightMax: integer(1, scenarioBounds.inFlightMax)
})

const load: Shape = partial({
  clients: integer(0, scenarioBounds.clientsMax),
  intervalMs: number(scenarioBounds.requestIntervalMsMin, virtualMsMax),
  outstandingMax: integer(1, scenarioBounds.outstandingMax),
  retryMs: number(1, virtualMsMax)
})

const law: Shape = partial(Object.fromEntries(Object.keys(driversLaw).map(key => [key, flag])))

/** One option of each name; what the machines ask of them beyond their kind they check themselves. */
function optionsLike(defaults: object): Fields {
  const fields = Object.keys(defaults).map(name => {
    const max = name.endsWith('Ms') ? virtualMsMax : scenarioBounds.optionMax
    return [name, integer(0, max)] as const
  })
  return Object.fromEntries(fields)
}

/** As far as a genesis goes: each replica keeps as many rounds and commits in memory. */
const ofGenesis: Fields = {
  gcDepthRounds: integer(4, 10_000),
  schedulePeriodCommits: integer(0, 1_000_000),
  scheduleWindowCommits: integer(1, 1_000_000)
}

const { anchorsPerRound: _, ...switches } = defaultTurboOptions

const turbo: Shape = record({
  ...Object.fromEntries(Object.keys(switches).map(name => [name, flag])),
  anchorsPerRound: integer(1, replicasMax)
})

/** Faults of each type, among so many places. */
function faultShape(place: Shape): Shape {
  const during = { atMs: moment, forMs: moment }
  const pair = list(place, 2, 2)
  const ofPlace = { ...during, place }
  const damage = {
    atMs: moment,
    place,
    device: word(deviceNames),
    count: integer(0, scenarioBounds.damageMax)
  }
  const drift = scenarioBounds.driftPerMillionMax
  return tagged({
    crash: {
      atMs: moment,
      places: list(place, 2 * replicasMax),
      loss,
      downMs: moment,
      staggerMs: moment,
      disk: tagged({ own: {}, wiped: {}, copy: { takenAtMs: moment } })
    },
    partition: { ...during, side: list(place, 2 * replicasMax), isOneWay: flag },
    starve: ofPlace,
    'link-flap': { ...during, between: pair },
    cut: { ...during, pairs: list(pair, listMax) },
    'half-open': { ...during, between: pair },
    'burst-loss': { ...during, percent, burstMs: number(0, delayMsMax) },
    corruption: { ...during, percent },
    'slow-reader': ofPlace,
    pause: ofPlace,
    'clock-drift': { atMs: moment, place, perMillion: number(-drift, drift) },
    'clock-jump': { atMs: moment, place, byMs: number(-virtualMsMax, virtualMsMax) },
    'slow-fsync': { ...ofPlace, byMs: number(0, delayMsMax) },
    'disk-full': ofPlace,
    'damaged-batches': { atMs: moment, place, count: integer(0, scenarioBounds.damageMax) },
    'bit-flip': damage,
    'misdirected-write': damage,
    'disk-error': { ...ofPlace, operation: word(diskOperations) }
  })
}

/** How many there are: everything else is told of them. */
export const committeeFields: { readonly replicas: Shape; readonly observers: Shape } = {
  replicas: integer(1, replicasMax),
  observers: integer(0, observersMax)
}

/** A whole scenario, for a committee of that size. */
export function scenarioShape(replicas: number, observers: number): Shape {
  const place = integer(0, replicas + observers - 1)
  const member = integer(0, replicas - 1)
  const twins = record({
    everyMs: number(1, virtualMsMax),
    sides: list(list(integer(0, 2 * replicasMax), 2 * replicasMax), twinChangesMax)
  })
  return partial({
    ...committeeFields,
    // One more is the seed of what damage draws.
    seed: integer(0, Number.MAX_SAFE_INTEGER - 1),
    network,
    readDelay: delay,
    flushDelay: delay,
    isPromiseLast: flag,
    clockSkewMsMax: number(0, virtualMsMax),
    codecSamplePercent: percent,
    law,
    bullshark: partial({ ...optionsLike(defaultBullsharkOptions), ...ofGenesis, turbo }),
    mempool: partial(optionsLike(defaultMempoolOptions)),
    replica: partial(optionsLike(defaultReplicaOptions)),
    load,
    faults: list(faultShape(place), listMax),
    crashPoints: list(
      record({
        place,
        persist: integer(1, scenarioBounds.stepsMax),
        point: word(persistPoints),
        loss,
        downMs: moment,
        isForAll: flag
      }),
      listMax
    ),
    byzantine: list(
      record({
        place: member,
        behaviours: list(word(behaviourNames), behaviourNames.length),
        twins: optional(twins)
      }),
      replicasMax
    ),
    gone: list(
      record({ place, atMs: moment, loss, how: optional(word(departureNames)) }),
      replicasMax
    ),
    chaosMs: moment,
    loadAfterMs: moment,
    livenessMs: number(1, virtualMsMax),
    livenessSteps: integer(1, scenarioBounds.stepsMax),
    commitsAfterHealing: integer(0, scenarioBounds.stepsMax)
  })
}
