export interface Waits {
  readonly isDiskFull: boolean
  /** Batches of the next commit that are not here. */
  readonly missing: number
  /** How far the snapshot is that is fetched, in words. */
  readonly download: string | undefined
}

/** What a replica waits for besides its orderer, a sentence each. */
export function waitReasons({ isDiskFull, missing, download }: Waits): string[] {
  return [
    ...(isDiskFull ? ['nothing is taken from peers or run until the disk has room'] : []),
    ...(missing > 0 ? [`${missing} batches of the next commit are missing`] : []),
    ...(download === undefined ? [] : [download])
  ]
}
