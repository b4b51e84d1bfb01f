import {
  type BullsharkOptions,
  defaultMempoolOptions,
  type MempoolOptions,
  tier1Bullshark,
  tier2Bullshark,
  tier3Bullshark
} from '@novacron/consensus'

/** How far the members are from one another: within a millisecond or so, tens of milliseconds, or hundreds. */
export const networkTiers = ['rack', 'region', 'wan'] as const
export type NetworkTier = (typeof networkTiers)[number]

interface TierTimings {
  readonly bullshark: BullsharkOptions
  readonly mempool: Pick<MempoolOptions, 'pullDelayMs' | 'pullRetryMs'>
}

const { pullDelayMs, pullRetryMs } = defaultMempoolOptions

/** What a node waits for before it gives up on a leader or asks another peer. */
export const tierTimings: Readonly<Record<NetworkTier, TierTimings>> = {
  rack: { bullshark: tier1Bullshark, mempool: { pullDelayMs, pullRetryMs } },
  region: { bullshark: tier2Bullshark, mempool: { pullDelayMs: 150, pullRetryMs: 600 } },
  wan: { bullshark: tier3Bullshark, mempool: { pullDelayMs: 500, pullRetryMs: 2_000 } }
}
