import type { Mempool, QueueGauge } from '@novacron/consensus'
import type { Executor } from '@novacron/execution'
import type { EvidenceBook } from './evidence-book.ts'
import type { Runner } from './runner.ts'

/** Everything in a replica that could grow, by name, and how far it may. */
export function queuesOf(
  mempool: Pick<Mempool, 'queues'>,
  orderer: { readonly queues?: () => readonly QueueGauge[] },
  runner: Pick<Runner, 'queueLength' | 'queueLengthMax'>,
  { sessionCount, options }: Pick<Executor, 'sessionCount' | 'options'>,
  evidence: Pick<EvidenceBook, 'size' | 'max'>
): readonly QueueGauge[] {
  return [
    ...mempool.queues(),
    ...(orderer.queues?.() ?? []),
    { name: 'commits to be run', value: runner.queueLength, max: runner.queueLengthMax },
    { name: 'sessions', value: sessionCount, max: options.sessionsMax },
    { name: 'evidence', value: evidence.size, max: evidence.max }
  ]
}
