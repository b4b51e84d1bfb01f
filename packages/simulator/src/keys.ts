import { ascii, concatBytes, equalBytes, type Hash, type Sign, Writer } from '@novacron/base'
import { type SignatureCheck, signatureBytes } from '@novacron/consensus'

/** The keys of all places, by number, and whether a signature holds. */
export interface WorldKeys {
  publicKey(index: number): Uint8Array
  /** Signs as that place; nobody else is given it. */
  signer(index: number): Sign
  verify(check: SignatureCheck): boolean
}

/** Equal arguments give equal keys: they are part of what a seed replays. */
export type MakeKeys = (count: number, seed: number, hash: Hash) => WorldKeys

/**
 * Signatures that nobody can forge who does not hold this object: a keyed hash, checked by doing it again. Secrets never
 * leave; a machine is given its own `sign` only.
 */
export class SimulatedKeys implements WorldKeys {
  readonly #hash: Hash
  readonly #secrets: readonly Uint8Array[]
  readonly #publicKeys: readonly Uint8Array[]
  /** By the array that a committee is made of. */
  readonly #secretOf = new Map<Uint8Array, Uint8Array>()

  constructor(count: number, seed: number, hash: Hash) {
    this.#hash = hash
    const derive = (kind: string, index: number) =>
      hash(concatBytes([ascii(kind), new Writer(16).u64(seed).u64(index).finish()]))
    this.#secrets = Array.from({ length: count }, (_, index) => derive('secret', index))
    this.#publicKeys = Array.from({ length: count }, (_, index) => derive('public', index))
    for (const [index, key] of this.#publicKeys.entries()) {
      this.#secretOf.set(key, this.#secrets[index] as Uint8Array)
    }
  }

  publicKey(index: number): Uint8Array {
    return this.#publicKeys[index] as Uint8Array
  }

  signer(index: number): Sign {
    const secret = this.#secrets[index] as Uint8Array
    return message => {
      const tag = this.#tag(secret, message)
      const signature = new Uint8Array(signatureBytes)
      signature.set(tag)
      signature.set(tag, tag.length)
      return signature
    }
  }

  verify({ publicKey, message, signature }: SignatureCheck): boolean {
    const secret = this.#secretOf.get(publicKey) ?? this.#secretOfCopy(publicKey)
    return secret !== undefined && isTagTwice(this.#tag(secret, message), signature)
  }

  #secretOfCopy(publicKey: Uint8Array): Uint8Array | undefined {
    return this.#secrets[this.#publicKeys.findIndex(key => equalBytes(key, publicKey))]
  }

  #tag(secret: Uint8Array, message: Uint8Array): Uint8Array {
    return this.#hash(Writer.pooled(256).raw(secret).raw(message).finish())
  }
}

function isTagTwice(tag: Uint8Array, signature: Uint8Array): boolean {
  const { length } = tag
  if (signature.length !== 2 * length) return false
  for (let i = 0; i < length; i++) {
    if (signature[i] !== tag[i] || signature[length + i] !== tag[i]) return false
  }
  return true
}
