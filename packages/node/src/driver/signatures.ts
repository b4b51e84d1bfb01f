import type { VerifySignature } from '@novacron/base'
import type { SignatureCheck } from '@novacron/consensus'

/** Checks many signatures; at once when there are few, on other threads when there are many. */
export interface SignatureChecker {
  checkAll(checks: readonly SignatureCheck[]): boolean | Promise<boolean>
  /** On this thread, however many: for who must answer at once. */
  checkAllNow(checks: readonly SignatureCheck[]): boolean
}

export type VerifySignatureAsync = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array
) => Promise<boolean>

/**
 * More are worth a hand-over to other threads, which costs twice as much for each. These hold up the loop for a millisecond: enough
 * for the certificates of 22 members of equal weight.
 */
const inlineChecksMax = 16

export function signatureChecker(
  verify: VerifySignature,
  verifyAsync: VerifySignatureAsync,
  onChecked: (count: number) => void = () => {}
): SignatureChecker {
  const checkAllNow = (checks: readonly SignatureCheck[]): boolean => {
    onChecked(checks.length)
    return checks.every(check => verify(check.publicKey, check.message, check.signature))
  }
  return {
    checkAllNow,
    checkAll(checks) {
      if (checks.length <= inlineChecksMax) return checkAllNow(checks)
      onChecked(checks.length)
      return Promise.all(
        checks.map(check => verifyAsync(check.publicKey, check.message, check.signature))
      ).then(results => results.every(Boolean))
    }
  }
}
