import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { Fault, fromHex } from '@novacron/base'

/** Tokens as between execution and consensus clients of Ethereum: HS256 over a shared 32-byte secret, fresh `iat`. */

/** Seconds that `iat` may differ from the clock of the node, either way. */
const issuedAtToleranceSeconds = 60
const tokenLengthMax = 2048

export type SecretFault =
  | { readonly code: 'secret-missing'; readonly path: string }
  | {
      readonly code: 'secret-mode'
      readonly path: string
      readonly mode: string
      readonly allowed: '600'
    }
  | { readonly code: 'secret-format'; readonly path: string; readonly allowed: '64 hex digits' }

/** @throws {Fault<SecretFault>} when the file is not there, readable by others, or not 32 bytes in hex. */
export async function readJwtSecret(path: string): Promise<Uint8Array> {
  let text: string
  let mode: number
  try {
    mode = (await stat(path)).mode & 0o777
    text = (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw new Fault<SecretFault>({ code: 'secret-missing', path }, { cause })
  }
  if ((mode & 0o077) !== 0) {
    const facts = { code: 'secret-mode', path, mode: mode.toString(8), allowed: '600' } as const
    throw new Fault<SecretFault>(facts)
  }
  const hex = text.replace(/^0x/, '')
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) {
    throw new Fault<SecretFault>({ code: 'secret-format', path, allowed: '64 hex digits' })
  }
  return fromHex(hex)
}

/** A token for one request; `nowSeconds` is Unix time. */
export function createJwt(secret: Uint8Array, nowSeconds: number): string {
  const header = base64Url(JSON.stringify({ alg: 'HS256', typ: 'JWT' }))
  const claims = base64Url(JSON.stringify({ iat: Math.floor(nowSeconds) }))
  return `${header}.${claims}.${macOf(`${header}.${claims}`, secret).toString('base64url')}`
}

/** Undefined when `authorization` is right, otherwise the reason why it is not. */
export function refuseAuthorization(
  authorization: string | undefined,
  secret: Uint8Array,
  nowSeconds: number
): string | undefined {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined || token.length > tokenLengthMax) return 'no bearer token'
  const [header = '', claims = '', mac = ''] = token.split('.')
  const expected = macOf(`${header}.${claims}`, secret)
  const given = Buffer.from(mac, 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'bad signature'
  // Only what the holder of the secret signed is parsed.
  if (fieldsOf(header)?.['alg'] !== 'HS256') return 'alg is not HS256'
  const fields = fieldsOf(claims)
  const issuedAt = fields?.['iat']
  if (typeof issuedAt !== 'number') return 'iat is missing'
  if (Math.abs(nowSeconds - issuedAt) > issuedAtToleranceSeconds) {
    return `iat is not within ${issuedAtToleranceSeconds} seconds of the clock here`
  }
  const expiry = fields?.['exp']
  if (expiry !== undefined && !(typeof expiry === 'number' && nowSeconds < expiry)) return 'expired'
  return undefined
}

function macOf(text: string, secret: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(text).digest()
}

function base64Url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url')
}

function fieldsOf(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
