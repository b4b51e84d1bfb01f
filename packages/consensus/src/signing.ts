import { ascii, type Digest, type Epoch, Writer } from '@novacron/base'

/** What every signed or hashed object is bound to, so that nothing can be replayed across chains, epochs or versions. */
export interface SigningDomain {
  readonly protocolVersion: number
  /** Digest of the genesis. */
  readonly chain: Digest
  readonly epoch: Epoch
}

/** The domain of an epoch of the same chain: the same object if it is that epoch's, since prefixes are remembered by object. */
export function domainOf(epoch: Epoch, domain: SigningDomain): SigningDomain {
  return domain.epoch === epoch ? domain : { ...domain, epoch }
}

export type ObjectKind = 'header' | 'vertex' | 'vote' | 'head' | 'commit' | 'schedule'

/** Starts the bytes of one object: tag, version, chain, epoch. */
export function domainWriter(kind: ObjectKind, domain: SigningDomain): Writer {
  let known = beginnings.get(domain)
  if (known === undefined) {
    known = {}
    beginnings.set(domain, known)
  }
  known[kind] ??= beginningOf(kind, domain)
  return Writer.pooled(512).raw(known[kind])
}

/** The same for every object of a kind, and written for each. */
const beginnings = new WeakMap<SigningDomain, { [Kind in ObjectKind]?: Uint8Array }>()

function beginningOf(kind: ObjectKind, domain: SigningDomain): Uint8Array {
  return new Writer(64 + kind.length)
    .bytes(ascii(`novacron/${kind}`))
    .u16(domain.protocolVersion)
    .digest(domain.chain)
    .u64(domain.epoch)
    .finish()
}

/** One Ed25519 check that the driver must make before a message may enter a machine. */
export interface SignatureCheck {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

export const signatureBytes = 64
