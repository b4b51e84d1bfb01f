/** sorted: ascending; 0 when there is nothing. share: 0 is the least, 1 the most; between two it is the lower one. */
export function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0
}
