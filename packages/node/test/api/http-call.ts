import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Json } from './json.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
  readonly json: Json
}

export interface HttpCall {
  readonly socketPath?: string
  readonly url?: string
  readonly ca?: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
}

export function http(call: HttpCall): Promise<HttpAnswer> {
  const { socketPath, url, ca, path = '/', method = 'POST', headers = {}, body } = call
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers,
      agent: false as const,
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(ca === undefined ? {} : { ca })
    }
    const send = url?.startsWith('https') ? httpsRequest : httpRequest
    const sent = send(new URL(path, url ?? 'http://localhost'), options, response => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        let json: unknown
        try {
          json = JSON.parse(text)
        } catch {}
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A directory that only its owner opens, removed after the test. */
export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'nc-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Writes raw bytes and collects what comes back until the other side closes. */
export function rawSocket(
  path: string,
  text: string | Uint8Array
): { socket: Socket; closed: Promise<Buffer> } {
  const socket = connect({ path })
  const parts: Buffer[] = []
  socket.on('data', part => parts.push(part))
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  const closed = new Promise<Buffer>(resolve => {
    socket.once('close', () => resolve(Buffer.concat(parts)))
  })
  if (text.length > 0) socket.write(text)
  onTestFinished(() => {
    socket.destroy()
  })
  return { socket, closed }
}

export const rpc = (method: string, params: unknown = {}, id: unknown = 1): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params })
