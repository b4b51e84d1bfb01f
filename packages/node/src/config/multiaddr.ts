import { isIPv4, isIPv6 } from 'node:net'

/** The addresses we use: `/ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT`, and `/p2p/PEER` where a peer must be named. */
interface Address {
  readonly host: string
  readonly port: number
  readonly peer: string | undefined
}

export const addressForm = '/ip4/HOST/tcp/PORT (or ip6, dns, dns4, dns6), with or without /p2p/PEER'
const addressLengthMax = 512
const dnsName = /^(?=.{1,253}$)[a-zA-Z0-9_-]{1,63}(\.[a-zA-Z0-9_-]{1,63})*\.?$/

/** Undefined for anything but one of our forms. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > addressLengthMax) return undefined
  const [empty, family, host, tcp, port, p2p, peer, ...rest] = text.split('/')
  const isForm = empty === '' && tcp === 'tcp' && rest.length === 0
  if (!isForm || family === undefined || host === undefined || port === undefined) return undefined
  if (!isHost(family, host) || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) return undefined
  if (p2p !== undefined && (p2p !== 'p2p' || peer === undefined || peer === '')) return undefined
  return { host, port: Number(port), peer }
}

function isHost(family: string, host: string): boolean {
  switch (family) {
    case 'ip4':
      return isIPv4(host)
    case 'ip6':
      return isIPv6(host)
    case 'dns':
    case 'dns4':
    case 'dns6':
      return dnsName.test(host)
    default:
      return false
  }
}
