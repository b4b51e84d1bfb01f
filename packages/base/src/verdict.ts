/** What a stranger sent never throws: `reject` lowers the sender's score, `ignore` does not. */
export type Verdict<F extends { readonly code: string } = { readonly code: string }> =
  | { readonly type: 'accept' }
  | { readonly type: 'ignore' | 'reject'; readonly fault: F }

export const accepted: { readonly type: 'accept' } = { type: 'accept' }

export function ignored<F extends { readonly code: string }>(fault: F): Verdict<F> {
  return { type: 'ignore', fault }
}

export function rejected<F extends { readonly code: string }>(fault: F): Verdict<F> {
  return { type: 'reject', fault }
}
