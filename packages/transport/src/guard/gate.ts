import type { ConnectionGater } from '@libp2p/interface'
import { type PeerId, toPeerId } from '@novacron/base'

export interface GateNeeds {
  /** Committee member, or a peer that we keep connected to. */
  isTrusted(peer: PeerId): boolean
  isRefused(peer: PeerId): boolean
  /** Inbound connections of others at this moment. */
  observers(): number
  readonly observersMax: number
  onRefused(peer: PeerId, code: string): void
}

/** Who may connect. Decided by peer id, so after encryption has proved it. */
export function connectionGate(needs: GateNeeds): ConnectionGater {
  function refusal(peer: PeerId): string | undefined {
    if (needs.isRefused(peer)) return 'penalized'
    if (needs.isTrusted(peer) || needs.observers() < needs.observersMax) return undefined
    return 'observers-full'
  }
  function denyInbound(id: { toString(): string }): boolean {
    const peer = toPeerId(id.toString())
    const code = refusal(peer)
    if (code !== undefined) needs.onRefused(peer, code)
    return code !== undefined
  }
  const denyOutbound = (id: { toString(): string }): boolean =>
    needs.isRefused(toPeerId(id.toString()))
  return {
    // Discovery modules and gossipsub would dial whom they like; the dialer only dials whom we trust.
    denyDialPeer: id => denyOutbound(id) || !needs.isTrusted(toPeerId(id.toString())),
    denyOutboundEncryptedConnection: denyOutbound,
    denyInboundEncryptedConnection: denyInbound,
    // Asked again: others may have come in while this one was being set up.
    denyInboundUpgradedConnection: denyInbound
  }
}
