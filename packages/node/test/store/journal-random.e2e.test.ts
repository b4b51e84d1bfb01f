import { Prng, type Write } from '@novacron/base'
import { expect, test } from 'vitest'
import { OrderedTable } from '../../src/store/ordered-table.ts'
import type { Store } from '../../src/store/store.ts'
import { afterPowerLoss, type JournaledStore, openFresh } from './journaled-store.ts'
import { entriesOf } from './store-contract.ts'
import { key, put } from './store-units.ts'

/**
 * Writes at random, with losses of power at random moments, against a table in memory. Each unit writes its number into a row
 * and into the record of signatures: so it is known which state must be there.
 */

const random = { seeds: [1, 2, 3, 4, 5, 6], units: 60 }
const keys = 6
const counter = 200

interface State {
  readonly rows: string
}

async function textOf(store: Store, table: string): Promise<string> {
  return (await entriesOf(store, table)).join(' ')
}

function textOfTable(table: OrderedTable): string {
  return table
    .entries()
    .map(([k, v]) => `${Buffer.from(k).toString('hex')}=${Buffer.from(v).toString()}`)
    .join(' ')
}

/** The number in a row of this table; 0 when there is none. */
async function numberIn(store: Store, table: string): Promise<number> {
  const value = await store.get(table, key(counter))
  return value === undefined ? 0 : Number(Buffer.from(value).toString())
}

class Run {
  readonly #random: Prng
  readonly #model = new OrderedTable()
  /** The state after each unit; the first is empty. */
  #states: State[] = [{ rows: '' }]
  #open: JournaledStore
  /** Units that a resolved flush covers. */
  #told = 0
  losses = 0

  constructor(seed: number, open: JournaledStore) {
    this.#random = new Prng(seed)
    this.#open = open
  }

  async unit(): Promise<void> {
    const { store } = this.#open
    const number = this.#states.length
    const writes: Write[] = [
      put('votes', counter, `${number}`),
      put('signed', counter, `${number}`)
    ]
    for (let i = this.#random.below(4); i >= 0; i--) writes.push(this.#write(number, i))
    store.write(writes)
    for (const write of writes) if (write.table === 'votes') this.#model.apply(write)
    this.#states.push({ rows: textOfTable(this.#model) })
    const flush = store.flush().then(() => {
      this.#told = Math.max(this.#told, number)
    })
    switch (this.#random.below(8)) {
      case 0:
        // Not waited for: the next unit, or a loss of power, comes while it runs.
        return void flush.catch(() => undefined)
      case 1:
        await store.settle()
        expect(await textOf(store, 'votes')).toBe(this.#states.at(-1)?.rows)
        return
      case 2:
        await this.#losePower()
        return
      default:
        await flush
    }
  }

  #write(number: number, i: number): Write {
    const at = this.#random.below(keys)
    const table = 'votes'
    switch (this.#random.below(6)) {
      case 0:
        return { type: 'delete', table, key: key(at) }
      case 1:
        return {
          type: 'delete-range',
          table,
          from: key(at),
          to: key(at + 1 + this.#random.below(3))
        }
      case 2:
        // Past the file.
        return put(table, at, `${number}.${i}`.repeat(200))
      default:
        return put(table, at, `${number}.${i}`)
    }
  }

  /** Goes on with what is left on the disk, and checks that it is a state that was, with all that was told. */
  async #losePower(): Promise<void> {
    const told = this.#told
    this.#open = await afterPowerLoss(this.#open, options)
    this.losses += 1
    const { store } = this.#open
    const rows = await numberIn(store, 'votes')
    const signed = await numberIn(store, 'signed')
    expect(rows).toBeGreaterThanOrEqual(signed)
    expect(signed).toBeGreaterThanOrEqual(told)
    expect(await textOf(store, 'votes')).toBe(this.#states[rows]?.rows)
    await this.#goOnFrom(rows)
  }

  async #goOnFrom(number: number): Promise<void> {
    const { store } = this.#open
    this.#states.length = number + 1
    this.#model.apply({ type: 'delete-range', table: 'votes', from: key(0), to: key(255) })
    for await (const [k, value] of store.range('votes')) {
      this.#model.apply({ type: 'put', table: 'votes', key: k, value })
    }
    this.#told = Math.min(this.#told, number)
  }
}

const options = { journalBytes: 2048, journaledBytesMax: 1500, unappliedBytesMax: 4000 }

test.each(random.seeds)(
  'seed %i: after every loss of power the database is a state that was, with all that was told',
  async seed => {
    const run = new Run(seed, await openFresh(options))
    for (let i = 0; i < random.units; i++) await run.unit()
    expect(run.losses).toBeGreaterThan(2)
  }
)
