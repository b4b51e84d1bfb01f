/** The three instruments, as the rest of the node sees them: it never imports the metrics library. */

export interface Counter {
  /** Adds `by`, 1 when it is left out; never negative. */
  add(by?: number): void
}

export interface Gauge {
  set(value: number): void
}

export interface Histogram {
  observe(value: number): void
}

export const nullCounter: Counter = { add: () => {} }
export const nullGauge: Gauge = { set: () => {} }
export const nullHistogram: Histogram = { observe: () => {} }
