/** What one daemon has counted since it started, under the names of its `/metrics`, labels included. */
export type Counters = ReadonlyMap<string, number>

const readMs = 20_000

/** Of the text that a daemon serves; comments and what is no number are left out. */
export function parseCounters(text: string): Counters {
  const counters = new Map<string, number>()
  for (const line of text.split('\n')) {
    const at = line.lastIndexOf(' ')
    const value = Number(line.slice(at + 1))
    if (!line.startsWith('#') && at > 0 && !Number.isNaN(value)) {
      counters.set(line.slice(0, at), value)
    }
  }
  return counters
}

/** Undefined when nobody answers under the URL of a daemon's health server. */
export async function readCounters(url: string | undefined): Promise<Counters | undefined> {
  if (url === undefined) return undefined
  try {
    const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(readMs) })
    return answer.ok ? parseCounters(await answer.text()) : undefined
  } catch {
    return undefined
  }
}

/** Name of what a protocol machine or its driver counts. */
export function machineEvent(name: string): string {
  return `novacron_machine_events_total{name="${name}"}`
}
