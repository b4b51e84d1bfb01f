/** Members of a committee of equals that may be faulty: fewer than a third. */
export function faultyMaxOf(replicas: number): number {
  return Math.floor((replicas - 1) / 3)
}
