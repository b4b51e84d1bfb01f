/**
 * Runs a handler of the node's. What it throws is our own mistake: it is thrown on outside of libp2p's event dispatch,
 * which would swallow it, and is caught by nobody.
 */
export function outside<T>(handler: () => T): T | undefined {
  try {
    return handler()
  } catch (error) {
    throwOutside(error)
    return undefined
  }
}

export function throwOutside(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
