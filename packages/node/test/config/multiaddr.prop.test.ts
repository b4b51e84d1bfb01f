import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress } from '../../src/config/multiaddr.ts'

test.each([
  ['/ip4/127.0.0.1/tcp/4610', { host: '127.0.0.1', port: 4610, peer: undefined }],
  ['/ip6/::1/tcp/0', { host: '::1', port: 0, peer: undefined }],
  ['/dns4/a-b.example.org/tcp/65535/p2p/X', { host: 'a-b.example.org', port: 65_535, peer: 'X' }]
])('%s is an address', (text, address) => {
  expect(parseAddress(text)).toEqual(address)
})

test.each([
  '',
  '/',
  'ip4/1.2.3.4/tcp/1',
  '/ip4/1.2.3/tcp/1',
  '/ip4/1.2.3.4/tcp/65536',
  '/ip4/1.2.3.4/tcp/',
  '/ip4/1.2.3.4/udp/1',
  '/ip4/1.2.3.4/tcp/1/ws',
  '/ip4/1.2.3.4/tcp/1/p2p',
  '/ip4/1.2.3.4/tcp/1/p2p/',
  '/ip4/1.2.3.4/tcp/1/p2p/X/p2p/Y',
  '/ip6/1.2.3.4/tcp/1',
  '/dns/-/../tcp/1',
  '/dns/a..b/tcp/1',
  '/unix/a/tcp/1'
])('%j is none of ours', text => {
  expect(parseAddress(text)).toBeUndefined()
})

test('any text is an address or undefined, and an address is written as it was read', () => {
  const piece = fc.constantFrom('ip4', 'ip6', 'dns', 'tcp', 'p2p', '1.2.3.4', '::', '80', 'x', '')
  const text = fc.oneof(
    fc.string(),
    fc.array(piece).map(pieces => `/${pieces.join('/')}`)
  )
  fc.assert(
    fc.property(text, value => {
      const address = parseAddress(value)
      if (address === undefined) return
      expect(value.includes(`/${address.host}/tcp/`)).toBe(true)
      expect(address.port).toBeLessThanOrEqual(65_535)
    })
  )
})
