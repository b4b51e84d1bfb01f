import type { IncomingMessage } from 'node:http'
import { textOfBytes } from './json-bytes.ts'

/** A client that sends too much gets to read why if it stops within this many more bytes. */
const discardedBytesMax = 8_000_000

type Body =
  /** Without the text when the bytes are not UTF-8. */
  | { readonly type: 'text'; readonly text: string | undefined }
  | { readonly type: 'too-large' }
  /** The client went away, or was too slow and was cut. */
  | { readonly type: 'aborted' }

/** Collects a request body of at most `bytesMax`; what is beyond is thrown away, so that an answer can be read. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Body> {
  return new Promise(resolve => {
    const parts: Buffer[] = []
    let bytes = 0
    request.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes <= bytesMax) parts.push(part)
      else parts.length = 0
      if (bytes > bytesMax + discardedBytesMax) resolve({ type: 'too-large' })
    })
    request.once('end', () => {
      if (bytes > bytesMax) resolve({ type: 'too-large' })
      else resolve({ type: 'text', text: textOfBytes(Buffer.concat(parts)) })
    })
    request.once('close', () => resolve({ type: 'aborted' }))
    request.once('error', () => resolve({ type: 'aborted' }))
  })
}
