import type { PeerId } from '@novacron/base'
import type { Link } from './link/link.ts'
import type { BytesByClass, PeerStatus } from './mesh.ts'

export interface PeerFacts {
  readonly isMember: boolean
  readonly isConnecting: boolean
  readonly isRefused: boolean
  readonly addresses: readonly string[]
  readonly penaltyPoints: number
}

const noBytes: BytesByClass = { order: 0, sync: 0, bulk: 0 }

export function statusOf(
  peer: PeerId,
  link: Link | undefined,
  nowMs: number,
  facts: PeerFacts
): PeerStatus {
  const { isMember: member, addresses, penaltyPoints } = facts
  if (link === undefined) {
    const state = facts.isRefused ? 'refused' : facts.isConnecting ? 'connecting' : 'disconnected'
    return {
      peer,
      member,
      state,
      addresses,
      penaltyPoints,
      queuedBytes: noBytes,
      inFlightBytes: noBytes,
      pendingBytes: noBytes,
      sentBytes: 0,
      receivedBytes: 0,
      directSentBytes: 0,
      directReceivedBytes: 0
    }
  }
  return {
    peer,
    member,
    state: 'connected',
    addresses: addresses.length > 0 ? addresses : [link.connection.remoteAddr.toString()],
    penaltyPoints,
    ...(link.rttMs === undefined ? {} : { rttMs: link.rttMs }),
    queuedBytes: link.bytesByClass('queuedBytes'),
    inFlightBytes: link.bytesByClass('inFlightBytes'),
    pendingBytes: link.bytesByClass('pendingBytes'),
    sentBytes: link.totalBytes('sentBytes'),
    receivedBytes: link.totalBytes('receivedBytes'),
    plane: link.plane,
    directSentBytes: link.totalBytes('directSentBytes'),
    directReceivedBytes: link.totalBytes('directReceivedBytes'),
    encryption: link.connection.encryption?.includes('noise') === true ? 'noise' : 'tls',
    connectedForMs: nowMs - link.openedAtMs
  }
}
