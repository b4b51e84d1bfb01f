import { toHex } from '@novacron/base'
import { expect, test } from 'vitest'
import { checkpointSigningBytes, persistWrites } from '../src/index.ts'
import { Chain, epoch, hash, join, kvOf, logOf, openOf, putOf, text } from './fixtures.ts'

/** Every replica of a chain must compute these, in every version that says it speaks the same protocol. */
test('ids, roots and signed bytes are part of the protocol', () => {
  const log = new Chain()
  const session = log.open()
  log.run(openOf(2, new Uint8Array(32).fill(7)))
  log.run(
    join(putOf(session, 1, 'alpha', 'one'), putOf(session, 2, 'beta', 'two'), logOf(session, 5)),
    join(
      kvOf(session, 3, { type: 'delete', key: text('alpha') }),
      kvOf(session, 4, { type: 'compare-and-set', key: text('beta'), version: 4, value: text('2') })
    )
  )
  const { checkpoint } = log.executor.takeCheckpoint(epoch)
  expect({
    session: toHex(session),
    stateRoot: checkpoint.stateRoot,
    sessionRoot: checkpoint.sessionRoot,
    signed: toHex(hash(checkpointSigningBytes(checkpoint))),
    rows: persistWrites(log.executor).map(({ table, ...write }) =>
      write.type === 'put'
        ? `${table} ${toHex(write.key)} ${toHex(hash(write.value)).slice(0, 16)}`
        : write.type
    )
  }).toMatchInlineSnapshot(`
    {
      "rows": [
        "bucket 0004bf01 a7dde2d2adba6f97",
        "bucket 0006e301 064a0cda15e15f89",
        "bucket 0009f001 53d227b6034e5dac",
        "bucket 010d3b01 6b1f20d699c60dac",
        "bucket 010e2b01 5852f973ef2a1913",
        "executed  cad4a172bc70be0c",
      ],
      "session": "83b7a412e972f8884d048c084974aa9e",
      "sessionRoot": "24554b185c72ed5ac03f943a38b48d25ec32c2d1e512c46c87b1969e2b2fc8b2",
      "signed": "859b622a3861be37efcfd90183667de3eee465c1622cfbb886e4664dc904185d",
      "stateRoot": "e0badb56a18936919cfd94b7cf18a1e2ab4d291ce4154265f62e5a77ae759bf3",
    }
  `)
})
