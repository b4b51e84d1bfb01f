/**
 * How V8's heap begins. The flags hold only from the start of a process, so whoever starts a daemon gives them; `tuneCollector` sets
 * the rest.
 *
 * The old generation starts larger: the limit that buffers count towards grows from it, and the default one is reached every
 * second under load. The young one has its full size at once, and here a smaller one than the default: less is promoted, and it
 * takes less memory. See docs/decisions/0012-buffers-weigh-in-the-heap-limit.md.
 */
export const daemonFlags: readonly string[] = [
  '--initial-old-space-size=160',
  '--min-semi-space-size=32',
  '--max-semi-space-size=32'
]

/** Those that neither stand among the flags of a process nor in its NODE_OPTIONS: what the operator has set holds. */
export function missingFlags(flags: readonly string[], nodeOptions = ''): readonly string[] {
  return missingOf(daemonFlags, [...flags, ...nodeOptions.split(' ')])
}

/** Those of `wanted` that `given` does not name, with whatever value. */
export function missingOf(wanted: readonly string[], given: readonly string[]): readonly string[] {
  const names = given.map(nameOf)
  return wanted.filter(flag => !names.includes(nameOf(flag)))
}

/** V8 takes both dashes and underscores. */
function nameOf(flag: string): string {
  return (flag.split('=')[0] ?? '').replaceAll('_', '-')
}

/**
 * glibc's malloc, with a limit that it sets itself: it gives the memory of a freed buffer back to the system, or does not, by
 * what was freed before. In a bad hour each buffer of a batch came from fresh pages, which the kernel clears one by one. So what
 * is free at the end of the heap stays, up to 256 MiB, and no buffer of ours has a mapping of its own (32 MiB is the most that
 * glibc takes). Read at the start of a process, and by nothing but glibc. See docs/decisions/0022-malloc-keeps-what-it-has.md.
 */
export const daemonEnvironment: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: '33554432',
  MALLOC_TRIM_THRESHOLD_: '268435456'
}
