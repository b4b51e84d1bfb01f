import { type RunVerdict, type VerdictKind, verdictKinds } from '@novacron/simulator'

/** A verdict by one of five names; `detail` where the simulator has a finer one. */
export interface PrintedVerdict {
  readonly verdict: VerdictKind
  readonly detail?: RunVerdict
}

export function printedVerdict(verdict: RunVerdict): PrintedVerdict {
  const kind = verdictKinds[verdict]
  return kind === verdict ? { verdict: kind } : { verdict: kind, detail: verdict }
}

/** `lost`, or `diverged (double-signed)`. */
export function wordsOfVerdict(of: PrintedVerdict): string {
  return of.detail === undefined ? of.verdict : `${of.verdict} (${of.detail})`
}
