/** What a POST was answered with; undefined when the connection was ended before there was an answer. */
export type PostStatus = number | undefined

/**
 * Bodies that are too large were all refused, and at least one sender was told so; transactions of a size that may be, which come
 * again as long as the daemon is busy, were all taken in the end.
 */
export function checkRefusals(
  tooLarge: readonly PostStatus[],
  valid: readonly string[]
): readonly string[] {
  const taken = tooLarge.filter(status => status !== undefined && status !== 413)
  const faults = [...new Set(taken)].map(status => `a body that is too large got ${status}`)
  if (!tooLarge.includes(413)) faults.push('nobody was told that a body is too large')
  const other = valid.filter(outcome => outcome !== 'taken')
  faults.push(...[...new Set(other)].map(code => `a valid transaction was answered: ${code}`))
  return faults
}
