import { describe, expect, test } from 'vitest'
import {
  checkCheckpointOptions,
  checkExecutionOptions,
  checkSnapshotOptions,
  checkSnapshotServerOptions,
  defaultCheckpointOptions,
  defaultExecutionOptions,
  defaultSnapshotOptions,
  defaultSnapshotServerOptions,
  Executor
} from '../src/index.ts'
import { needs } from './fixtures.ts'

describe('options', () => {
  test('the defaults are in order', () => {
    checkExecutionOptions(defaultExecutionOptions)
    checkCheckpointOptions(defaultCheckpointOptions)
    checkSnapshotOptions(defaultSnapshotOptions)
    checkSnapshotServerOptions(defaultSnapshotServerOptions)
  })

  test.each([
    { change: { sessionsMax: 0 }, message: 'sessionsMax' },
    { change: { sessionIdleCommitsMin: 0 }, message: 'sessionIdleCommitsMin' },
    { change: { stateBytesMax: 1.5 }, message: 'stateBytesMax' },
    { change: { transactionBytesMax: 63 }, message: 'an open must fit' },
    { change: { bucketBytesMax: 131_072 }, message: 'bucketBytesMax >= transactionBytesMax' },
    { change: { bucketBytesMax: 4_194_305 }, message: 'bucketBytesMax <=' },
    { change: { stateBytesMax: 1_048_575 }, message: 'stateBytesMax >= bucketBytesMax' }
  ])('of execution: $change is refused', ({ change, message }) => {
    expect(() => new Executor(change, needs)).toThrow(message)
  })

  test('of checkpoints and snapshots are bounded', () => {
    const checkpoints = { ...defaultCheckpointOptions, openVotesMax: 65 }
    expect(() => checkCheckpointOptions(checkpoints)).toThrow('openVotesMax')
    expect(() => checkCheckpointOptions({ ...checkpoints, resendsMax: 0 })).toThrow('resendsMax')
    const snapshots = { ...defaultSnapshotOptions, objectBytesMax: 67_108_865 }
    expect(() => checkSnapshotOptions(snapshots)).toThrow('objectBytesMax')
    const ranges = { ...defaultSnapshotOptions, rangeBuckets: 4_097 }
    expect(() => checkSnapshotOptions(ranges)).toThrow('rangeBuckets')
    expect(() => checkSnapshotOptions({ ...ranges, tickMs: 0 })).toThrow('tickMs')
    for (const answerBytesMax of [1_023, 1_048_577]) {
      expect(() => checkSnapshotServerOptions({ answerBytesMax })).toThrow('answerBytesMax')
    }
  })
})
