import type { CommitIndex, Digest, Millis, ReplicaId, Round } from '@novacron/base'
import { ascii, Writer } from '@novacron/base'
import {
  encodeEntry,
  makeCertificate,
  makeHeader,
  slotKey,
  tables,
  writeCertificate,
  writeSignedHeader
} from '@novacron/consensus'
import { expect, test } from 'vitest'
import { dropUnnamedBatches } from '../../src/assembly/reconcile.ts'
import { sha256 } from '../../src/config/ed25519.ts'
import { digestOfText, domain, WrittenLog } from '../control/commits.ts'

const author = 2 as ReplicaId

/** A batch of this name is in the store, and a header in `round` names it. */
function headerNaming(log: WrittenLog, name: string, round: number) {
  const digest = store(log, name)
  const payload = [{ digest, sizeBytes: 1 }]
  const fields = { epoch: domain.epoch, round: round as Round, author, payload, parents: [] }
  return makeHeader({ ...fields, createdAt: 0 as Millis }, domain, sha256)
}

function store(log: WrittenLog, name: string): Digest {
  const digest = digestOfText(name)
  log.store.batches.append(digest, ascii(name))
  return digest
}

function put(log: WrittenLog, table: string, round: number, value: Uint8Array): void {
  const key = slotKey(domain.epoch, round as Round, author)
  log.store.write([{ type: 'put', table, key, value }])
}

function addCertificate(log: WrittenLog, name: string, round: number): void {
  const certificate = makeCertificate(headerNaming(log, name, round), [], domain, sha256)
  const writer = new Writer()
  writeCertificate(writer, certificate)
  put(log, tables.certificate, round, writer.finish())
}

function addHeader(log: WrittenLog, name: string, round: number): void {
  const writer = new Writer()
  writeSignedHeader(writer, {
    header: headerNaming(log, name, round),
    signature: new Uint8Array(64)
  })
  put(log, tables.header, round, writer.finish())
}

function addEntry(log: WrittenLog, name: string): void {
  const { payload } = headerNaming(log, name, 1)
  const index = 1 as CommitIndex
  const entry = { index, term: 1, leader: author, createdAt: 0 as Millis, payload }
  put(log, tables.entry, 1, encodeEntry(entry))
}

const held = (log: WrittenLog, name: string) => log.store.batches.has(digestOfText(name))

test('what commits and open vertices name is kept, and the rest goes', async () => {
  const log = new WrittenLog()
  log.add([[ascii('committed')]])
  for (let i = 0; i < 49; i++) log.add([])
  // The last anchor is in round 100.
  addCertificate(log, 'certified', 101)
  addHeader(log, 'voted', 102)
  addCertificate(log, 'certified at the edge', 90)
  addHeader(log, 'voted below', 89)
  addEntry(log, 'in a leaders log')
  addCertificate(log, 'certified below', 88)
  store(log, 'abandoned')
  await log.store.settle()
  expect(await dropUnnamedBatches(log.store, domain, 10)).toBe(3)
  const names = [
    'certified',
    'voted',
    'certified at the edge',
    'voted below',
    'certified below',
    'abandoned',
    'in a leaders log'
  ]
  expect(names.map(name => held(log, name))).toEqual([true, true, true, false, false, false, true])
  expect(log.store.batches.count).toBe(5)
  expect(await dropUnnamedBatches(log.store, domain, 10)).toBe(0)
})

test('a deeper window keeps more, and an empty store nothing', async () => {
  const log = new WrittenLog()
  for (let i = 0; i < 50; i++) log.add([])
  addHeader(log, 'old', 3)
  await log.store.settle()
  expect(await dropUnnamedBatches(log.store, domain, 1_000)).toBe(0)
  expect(held(log, 'old')).toBe(true)
  expect(await dropUnnamedBatches(new WrittenLog().store, domain, 10)).toBe(0)
})
