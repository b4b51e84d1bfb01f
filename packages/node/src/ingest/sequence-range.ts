/** Consecutive sequences of one session. */
export interface SequenceRange {
  readonly first: number
  /** Included. */
  readonly last: number
}

/** Ascending, with what overlaps or follows on each other joined. */
export function joinRanges(ranges: readonly SequenceRange[]): SequenceRange[] {
  const joined: SequenceRange[] = []
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const tail = joined.at(-1)
    if (tail === undefined || range.first > tail.last + 1) joined.push(range)
    else joined[joined.length - 1] = { first: tail.first, last: Math.max(tail.last, range.last) }
  }
  return joined
}

/** What of `range` lies outside of `cut`, ascending. */
export function rangeWithout(range: SequenceRange, cut: SequenceRange): SequenceRange[] {
  const below = { first: range.first, last: Math.min(range.last, cut.first - 1) }
  const above = { first: Math.max(range.first, cut.last + 1), last: range.last }
  return [below, above].filter(({ first, last }) => first <= last)
}
