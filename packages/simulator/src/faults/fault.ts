import type { DeviceName, TailLoss } from '../disk/disk.ts'
import type { DiskOperation } from '../node.ts'

/** What comes back after a crash: the own disk, an empty one, or a copy that was taken earlier. */
export type DiskFate =
  | { readonly type: 'own' }
  | { readonly type: 'wiped' }
  | { readonly type: 'copy'; readonly takenAtMs: number }

/** One planned fault; times are milliseconds after the start of the run. */
export type Fault =
  | {
      readonly type: 'crash'
      readonly atMs: number
      readonly places: readonly number[]
      readonly loss: TailLoss
      readonly downMs: number
      /** Each further place starts so much later than the one before. */
      readonly staggerMs: number
      readonly disk: DiskFate
    }
  | {
      readonly type: 'partition'
      readonly atMs: number
      readonly forMs: number
      /** Cut off from all other places. */
      readonly side: readonly number[]
      /** Only what `side` sends is lost, and the connections look well. */
      readonly isOneWay: boolean
    }
  | {
      /** Payload does not reach the place; headers, votes and certificates do. */
      readonly type: 'starve'
      readonly atMs: number
      readonly forMs: number
      readonly place: number
    }
  | {
      readonly type: 'link-flap'
      readonly atMs: number
      readonly forMs: number
      readonly between: readonly [number, number]
    }
  | {
      /** Only these pairs are cut: a bridge, a ring. */
      readonly type: 'cut'
      readonly atMs: number
      readonly forMs: number
      readonly pairs: readonly (readonly [number, number])[]
    }
  | {
      /** The connection looks well; nothing arrives, either way. */
      readonly type: 'half-open'
      readonly atMs: number
      readonly forMs: number
      readonly between: readonly [number, number]
    }
  | {
      /** Each direction of a link is well or bad in turn; while it is bad it loses this share (Gilbert, Elliott). */
      readonly type: 'burst-loss'
      readonly atMs: number
      readonly forMs: number
      readonly percent: number
      readonly burstMs: number
    }
  | {
      /** Bits of this share of messages flip on their way. */
      readonly type: 'corruption'
      readonly atMs: number
      readonly forMs: number
      readonly percent: number
    }
  | {
      /** What is sent to the place waits outside until it reads on. */
      readonly type: 'slow-reader'
      readonly atMs: number
      readonly forMs: number
      readonly place: number
    }
  | {
      /** SIGSTOP, or an event loop that is blocked: nothing runs, timers are late, then all comes at once. */
      readonly type: 'pause'
      readonly atMs: number
      readonly forMs: number
      readonly place: number
    }
  | {
      /** From now on the place's clock runs fast or slow by parts in a million. */
      readonly type: 'clock-drift'
      readonly atMs: number
      readonly place: number
      readonly perMillion: number
    }
  | {
      /** The wall clock is set. A daemon's clock is monotonic, so its next life sees it. */
      readonly type: 'clock-jump'
      readonly atMs: number
      readonly place: number
      readonly byMs: number
    }
  | {
      /** A sync takes so much longer. */
      readonly type: 'slow-fsync'
      readonly atMs: number
      readonly forMs: number
      readonly place: number
      readonly byMs: number
    }
  | {
      /** Nothing more fits on the disk: what is written waits in memory, and with it every promise. */
      readonly type: 'disk-full'
      readonly atMs: number
      readonly forMs: number
      readonly place: number
    }
  | {
      /** Stored batches that are gone; only in scenarios that were written down before damage gave other bytes. */
      readonly type: 'damaged-batches'
      readonly atMs: number
      readonly place: number
      readonly count: number
    }
  | {
      /** So many stored rows hold other bytes, by a flipped bit or by a write that went to the place of another row. */
      readonly type: 'bit-flip' | 'misdirected-write'
      readonly atMs: number
      readonly place: number
      readonly device: DeviceName
      readonly count: number
    }
  | {
      /** EIO: the first operation of that kind ends the process; it is started again when the disk works. */
      readonly type: 'disk-error'
      readonly atMs: number
      readonly forMs: number
      readonly place: number
      readonly operation: DiskOperation
    }

/** Everything is as before from this time on. */
export function endOf(fault: Fault): number {
  if (fault.type === 'crash') {
    return fault.atMs + fault.downMs + fault.staggerMs * (fault.places.length - 1)
  }
  return fault.atMs + ('forMs' in fault ? fault.forMs : 0)
}
