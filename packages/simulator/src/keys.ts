import { ascii, concatBytes, equalBytes, type Hash, type Sign, toHex, Writer } from '@novacron/base'
import { type SignatureCheck, signatureBytes } from '@novacron/consensus'

/** What a signature was made for, and its tag: the array itself may have been changed since. */
interface Checked {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly tag: Uint8Array
}

/**
 * Signatures that nobody can forge who does not hold this object: a keyed hash, checked by doing it again. Secrets never
 * leave; a machine is given its own `sign` only.
 */
export class SimulatedKeys {
  readonly #hash: Hash
  readonly #secrets: readonly Uint8Array[]
  readonly #publicKeys: readonly Uint8Array[]
  readonly #secretOf = new Map<string, Uint8Array>()
  /** Messages are shared between replicas by reference: each signature is computed once. */
  readonly #checked = new WeakMap<Uint8Array, Checked>()

  constructor(count: number, seed: number, hash: Hash) {
    this.#hash = hash
    const derive = (kind: string, index: number) =>
      hash(concatBytes([ascii(kind), new Writer(16).u64(seed).u64(index).finish()]))
    this.#secrets = Array.from({ length: count }, (_, index) => derive('secret', index))
    this.#publicKeys = Array.from({ length: count }, (_, index) => derive('public', index))
    for (const [index, key] of this.#publicKeys.entries()) {
      this.#secretOf.set(toHex(key), this.#secrets[index] as Uint8Array)
    }
  }

  publicKey(index: number): Uint8Array {
    return this.#publicKeys[index] as Uint8Array
  }

  signer(index: number): Sign {
    const secret = this.#secrets[index] as Uint8Array
    const publicKey = this.publicKey(index)
    return message => {
      const tag = this.#tag(secret, message)
      const signature = new Uint8Array(signatureBytes)
      signature.set(tag)
      signature.set(tag, tag.length)
      this.#checked.set(signature, { publicKey, message, tag })
      return signature
    }
  }

  verify({ publicKey, message, signature }: SignatureCheck): boolean {
    const known = this.#checked.get(signature)
    if (known?.publicKey === publicKey && equalBytes(known.message, message)) {
      return isTagTwice(known.tag, signature)
    }
    const secret = this.#secretOf.get(toHex(publicKey))
    if (secret === undefined) return false
    const tag = this.#tag(secret, message)
    if (!isTagTwice(tag, signature)) return false
    this.#checked.set(signature, { publicKey, message, tag })
    return true
  }

  #tag(secret: Uint8Array, message: Uint8Array): Uint8Array {
    return this.#hash(concatBytes([secret, message]))
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
