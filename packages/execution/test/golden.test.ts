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
        "bucket 00005601 a7dde2d2adba6f97",
        "bucket 00005701 064a0cda15e15f89",
        "bucket 0002cc01 53d227b6034e5dac",
        "bucket 01069201 6b1f20d699c60dac",
        "bucket 01091501 5852f973ef2a1913",
        "executed  e0371548e0594e31",
      ],
      "session": "83b7a412e972f8884d048c084974aa9e",
      "sessionRoot": "3c2cd506a77b9267e9da28085ab24691b97ec4f9041a4cdc1b0a4ea2522ebf42",
      "signed": "8b7f9a198d895cf161447d3b905f492b259927f007d3d6497457bc173ae901ef",
      "stateRoot": "b6bde60dffe62927c825173d2c419191ec0b3bff8da28073459c636bf52748dc",
    }
  `)
})
