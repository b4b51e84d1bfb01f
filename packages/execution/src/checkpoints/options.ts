import { assert } from '@novacron/base'

export interface CheckpointOptions {
  /** An own vote without a certificate is sent again after this; also the least time between two answers to one peer. */
  readonly resendDelayMs: number
  /** After so many times only a newer checkpoint helps, which the log brings by itself. */
  readonly resendsMax: number
  /** Checkpoints without a certificate for which one replica's votes are kept: its newest. */
  readonly openVotesMax: number
  /** Certificates kept in the store, the newest. */
  readonly certificatesMax: number
}

export const defaultCheckpointOptions: CheckpointOptions = {
  resendDelayMs: 1_000,
  resendsMax: 120,
  openVotesMax: 8,
  certificatesMax: 16
}

export function checkCheckpointOptions(options: CheckpointOptions): void {
  for (const [key, value] of Object.entries(options)) {
    assert(Number.isSafeInteger(value) && value >= 1, `${key} is an integer >= 1: ${value}`)
  }
  assert(options.openVotesMax <= 64, 'openVotesMax <= 64')
}
