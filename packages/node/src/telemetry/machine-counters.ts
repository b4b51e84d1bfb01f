/** Every name that a `count` effect of the machines or the driver carries. */
export const machineCounters: readonly string[] = [
  'batch_expired',
  'batch_ignored',
  'batch_over_quota',
  'batch_pull_overflow',
  'batch_rejected',
  'batch_requeued',
  'catch_up_refused',
  'catch_up_timeout',
  'checkpoint_vote_conflict',
  'checkpoint_vote_unknown',
  'equivocation',
  'frame_dropped',
  'header_from_the_future',
  'leader_timeout',
  'message_ignored',
  'message_rejected',
  'resent',
  'snapshot_answer_unasked',
  'snapshot_timeout',
  'suspended_overflow'
]
