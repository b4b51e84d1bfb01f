/** Rounds that may be under way when a fault comes; each may have an anchor of every member. */
const roundsUnderWay = 2

/** Commits that members may still make of what was under way when they were parted from each other. */
export function commitsUnderWayMax(members: number): number {
  return roundsUnderWay * members
}
