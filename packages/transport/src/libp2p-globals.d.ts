import type { webcrypto } from 'node:crypto'

/** Browser names in libp2p's declarations that the types of Node 24 lack. Types only: nothing here exists at run time. */
declare global {
  interface EventInit {
    bubbles?: boolean
    cancelable?: boolean
    composed?: boolean
  }

  interface CustomEventInit<T = unknown> extends EventInit {
    detail?: T
  }

  interface AddEventListenerOptions {
    capture?: boolean
    once?: boolean
    passive?: boolean
    signal?: AbortSignal
  }

  type JsonWebKey = webcrypto.JsonWebKey
  type CryptoKeyPair = webcrypto.CryptoKeyPair
}
