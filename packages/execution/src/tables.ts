/** Tables of the execution layer. Keys are big-endian, so that ranges sort. */
export const executionTables = {
  /** (namespace u8, bucket u16) -> encoded bucket of the last own checkpoint */
  bucket: 'bucket',
  /** '' -> the last own checkpoint, to which the buckets belong */
  executed: 'executed',
  /** index -> checkpoint certificate */
  checkpoint: 'checkpoint',
  /** index -> own vote */
  checkpointVote: 'checkpoint-vote',
  /** manifest and verified buckets of a snapshot that is not complete */
  snapshotPartial: 'snapshot-partial'
} as const
