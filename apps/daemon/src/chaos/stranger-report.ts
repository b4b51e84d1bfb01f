/** What one daemon made of a stranger. */
export interface StrangerReport {
  readonly node: string
  /** It takes no connection of the stranger any more, as it wrote in its log. */
  readonly isRefused: boolean
  /** The stranger still has a connection to it. */
  readonly isConnected: boolean
  /** Of what the stranger sent it on this connection, what it has read and dealt with. */
  readonly heardBytes: number
  /** Others that it refuses. */
  readonly refusedOthers: readonly string[]
}

/** What a stranger comes to. */
export type StrangerFate =
  /** What it says is no message: it is thrown out, and not let in again. */
  | 'thrown-out'
  /** It breaks no rule of the wire: it is heard, costs no more than it may, and does no harm. */
  | 'borne'

/** What did not come as it must, at every daemon; empty when all did. */
export function checkStranger(
  fate: StrangerFate,
  { sent, heardBytesMin = 0 }: { readonly sent: number; readonly heardBytesMin?: number },
  reports: readonly StrangerReport[]
): readonly string[] {
  const faults = sent > 0 ? [] : ['the stranger sent nothing']
  for (const { node, isRefused, isConnected, heardBytes, refusedOthers } of reports) {
    if (fate === 'thrown-out') {
      if (!isRefused) faults.push(`${node} never refused the stranger`)
      if (isConnected) faults.push(`${node} keeps its connection to the stranger`)
    } else {
      if (isRefused) faults.push(`${node} threw out who broke no rule of the wire`)
      if (!isConnected) faults.push(`${node} lost the stranger`)
      if (heardBytes < heardBytesMin) faults.push(`${node} has heard ${heardBytes} bytes of it`)
    }
    if (refusedOthers.length > 0) {
      faults.push(`${node} refused others for it: ${refusedOthers.join(' ')}`)
    }
  }
  return faults
}
