export interface Waits {
  readonly isDiskFull: boolean
  /** Batches of the next commit that are not here. */
  readonly missing: number
  /** The next commit is ordered, and the store has no record of it. */
  readonly isRecordLost: boolean
  /** How far the snapshot is that is fetched, in words. */
  readonly download: string | undefined
}

/** What a replica waits for besides its orderer, a sentence each. */
export function waitReasons({ isDiskFull, missing, isRecordLost, download }: Waits): string[] {
  return [
    ...(isDiskFull ? ['nothing is taken from peers or run until the disk has room'] : []),
    ...(missing > 0 ? [`${missing} batches of the next commit are missing`] : []),
    ...(isRecordLost ? ['the record of the next commit is lost, only a snapshot helps'] : []),
    ...(download === undefined ? [] : [download])
  ]
}
