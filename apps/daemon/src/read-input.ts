import { open } from 'node:fs/promises'
import { commandFault } from './command-fault.ts'

const oneTransaction = 'in one transaction; split it'

/**
 * Reads a whole stream or file of at most `bytesMax`, and no byte more than it takes to know that there are more.
 *
 * throws  Fault<CommandFacts> naming the limit
 */
export async function readAll(
  chunks: AsyncIterable<Uint8Array>,
  what: string,
  bytesMax: number,
  remedy: string = oneTransaction
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of chunks) {
    parts.push(part)
    length += part.length
    if (length > bytesMax) throw tooLarge(what, `more than ${bytesMax}`, bytesMax, remedy)
  }
  return Buffer.concat(parts)
}

/** @throws {Fault<CommandFacts>} for a file that cannot be read or is larger than `bytesMax` */
export async function readWholeFile(
  path: string,
  bytesMax: number,
  remedy: string = oneTransaction
): Promise<Uint8Array> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    if (size > bytesMax) throw tooLarge(path, String(size), bytesMax, remedy)
    return await readAll(file.createReadStream(), path, bytesMax, remedy)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error
    throw commandFault('failed', `${path} cannot be read (${code}); name a file that can`, error)
  }
}

function tooLarge(what: string, size: string, bytesMax: number, remedy: string): Error {
  const text = `${what} has ${size} bytes, allowed are ${bytesMax} ${remedy}`
  return commandFault('failed', text)
}
