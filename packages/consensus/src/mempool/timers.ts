/** The one timer of the mempool. */
export const pullTimer = 'pull-batches'
