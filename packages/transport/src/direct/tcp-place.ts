import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Where the TCP connection of a dialed address went.
 *
 * @throws {Error} for an address that is not plain TCP.
 */
export function tcpPlaceOf(address: Multiaddr): { readonly host: string; readonly port: number } {
  const [first, second, ...rest] = address.getComponents()
  const isHost = first !== undefined && /^(ip4|ip6|dns4?|dns6)$/.test(first.name)
  const isPlain = rest.every(({ name }) => name === 'p2p')
  const port = Number(second?.value)
  if (!isHost || second?.name !== 'tcp' || !isPlain || first.value === undefined) {
    throw new Error(`no TCP address: ${address}`)
  }
  return { host: first.value, port }
}
