import { SingleLeader, type SingleLeaderMessage, singleLeaderCodec } from '@novacron/consensus'
import type { SimulatedOrderer } from './replica-protocol.ts'

/** The measuring stick as shipped; its members sign nothing, and none of them may lie. */
export const singleLeaderOrderer: SimulatedOrderer<SingleLeaderMessage> = {
  make: needs => new SingleLeader({}, needs),
  codec: () => singleLeaderCodec,
  isCheckedAlike: () => false,
  describe: message => message.type,
  signedSlots: () => []
}
