import { drawScenario, simulate } from '../src/index.ts'
import { thinProtocol } from './bullshark-replica.ts'
import { sha256 } from './hash.ts'

const from = Number(process.argv[2]),
  to = Number(process.argv[3])
const t0 = performance.now()
let v = 0
let slow = 0
for (let seed = from; seed < to; seed++) {
  const s = drawScenario(seed)
  const r = simulate(s, { hash: sha256, protocol: thinProtocol(sha256) })
  v += r.virtualMs
  if ((r.recoveredMs ?? 0) > 8000) {
    slow++
    console.log(
      'slow',
      seed,
      s.replicas,
      Math.round(r.recoveredMs!),
      JSON.stringify(s.network),
      JSON.stringify(s.faults)
    )
  }
  if (r.verdict !== 'pass')
    console.log(
      seed,
      s.replicas,
      s.network.isFifo ? 'fifo' : `unordered${s.network.lossPercent}`,
      s.network.delay.type,
      JSON.stringify(s.bullshark),
      s.faults
        .map(f => (f.type === 'crash' ? `crash${f.places.length}${f.disk.type}` : f.type))
        .join(),
      '|',
      r.verdict,
      r.commits,
      r.applied,
      r.acknowledged,
      r.steps,
      r.virtualMs,
      r.firstViolation?.facts.slice(0, 900)
    )
}
console.log(
  'done',
  from,
  to,
  'virtual s per real s',
  v / (performance.now() - t0),
  'slow',
  slow,
  'real s',
  (performance.now() - t0) / 1000
)
