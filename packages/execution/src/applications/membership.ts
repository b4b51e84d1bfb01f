import type { Result } from '../result.ts'
import type { Application } from './application.ts'

export const membershipApplication = 3
const readOnly: Result = { code: 'read-only' }

/** Who belongs to the committee is fixed by the genesis: it can be read, and every transaction is refused. */
export const membership: Application = {
  id: membershipApplication,
  name: 'membership',
  apply: () => readOnly
}
