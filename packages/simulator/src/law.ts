/**
 * The parts of the driver's law that a driver could break without noticing, as a value: a test breaks one and shows that the
 * checks notice.
 */
export interface DriverLaw {
  /** A `send` leaves only when every durable `persist` before it is on the disk. */
  readonly persistBeforeSend: boolean
  /** A durable `persist` is synced, rather than left to the operating system. */
  readonly syncOnDurable: boolean
  /** What enters a machine has been signed by whom it says. */
  readonly checkSignatures: boolean
  /** A batch is read as it was stored under its digest, or not at all. */
  readonly checkStoredBatches: boolean
  /** So is every other row, and a record that a crash cut in the middle is left out. */
  readonly checkStoredRows: boolean
}

export const driversLaw: DriverLaw = {
  persistBeforeSend: true,
  syncOnDurable: true,
  checkSignatures: true,
  checkStoredBatches: true,
  checkStoredRows: true
}

/** What of the law is not in force: a run without it says less than its verdict. */
export function relaxedLaw(law: DriverLaw): (keyof DriverLaw)[] {
  const names = Object.keys(driversLaw) as (keyof DriverLaw)[]
  return names.filter(name => !law[name])
}
