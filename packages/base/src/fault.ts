/** An expected failure at an IO or decoding edge: a code, and the facts a caller or operator needs. */
export class Fault<Facts extends { readonly code: string }> extends Error {
  override readonly name = 'Fault'
  readonly facts: Facts

  constructor(facts: Facts, options?: { readonly cause?: unknown }) {
    super(describeFacts(facts), options)
    this.facts = facts
  }

  get code(): Facts['code'] {
    return this.facts.code
  }
}

function describeFacts(facts: { readonly code: string }): string {
  const rest = Object.entries(facts).filter(([key]) => key !== 'code')
  return rest.length === 0
    ? facts.code
    : `${facts.code}: ${rest.map(([key, value]) => `${key}=${String(value)}`).join(', ')}`
}
