/** Seeds of the normal run; `SEEDS=10000` makes a soak of it, `FIRST_SEED` starts elsewhere. */
export function seeds(count: number): number[] {
  const wanted = process.env['SEEDS'] === undefined ? count : Number(process.env['SEEDS'])
  const first = Number(process.env['FIRST_SEED'] ?? 1)
  return Array.from({ length: wanted }, (_, i) => first + i)
}
