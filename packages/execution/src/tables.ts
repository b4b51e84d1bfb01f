/** Tables of the execution layer. Keys are big-endian, so that ranges sort. */
export const executionTables = {
  /** (namespace u8, bucket u16, slot u8) -> encoded bucket of the last own checkpoint, or of the one in the making */
  bucket: 'bucket',
  /** '' -> the last own checkpoint, and in which slot each of its buckets is */
  executed: 'executed',
  /** index -> checkpoint certificate */
  checkpoint: 'checkpoint',
  /** index -> own vote */
  checkpointVote: 'checkpoint-vote',
  /** manifest and verified buckets of a snapshot that is not complete */
  snapshotPartial: 'snapshot-partial'
} as const
