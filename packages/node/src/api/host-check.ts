const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1'])

/** True for addresses that only this machine reaches. Other names are not resolved, so they are not. */
export function isLoopback(host: string): boolean {
  return loopbackNames.has(host) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}

/**
 * Whether a request names this server in its Host header. A page on a hostile name that resolves to 127.0.0.1 (DNS
 * rebinding) names itself there.
 */
export function isHostAllowed(header: string | undefined, hostnames: readonly string[]): boolean {
  const name = hostnameOf(header)
  return name !== undefined && (isLoopback(name) || hostnames.includes(name))
}

/** The name without port and brackets, in lower case; undefined when there is none. */
export function hostnameOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/.exec(header ?? '')
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}
