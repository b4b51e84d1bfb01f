import { drawScenario, simulate, defaultNetworkOptions } from '../src/index.ts'
import { thinProtocol } from './bullshark-replica.ts'
import { sha256 } from './hash.ts'
const from = Number(process.argv[2]), to = Number(process.argv[3])
for (let seed = from; seed < to; seed++) {
  const s = drawScenario(seed, { replicas: 4, network: { ...defaultNetworkOptions, delay: { type: 'uniform', fromMs: 0.5, toMs: 5 } }, bullshark: { gcDepthRounds: 8 }, livenessMs: 12000 })
  const r = simulate(s, { hash: sha256, protocol: thinProtocol(sha256) })
  if (r.verdict !== 'pass' || (r.recoveredMs ?? 0) > 6000) console.log(seed, s.faults.map(f => f.type === 'crash' ? `crash${f.places.length}${f.disk.type}` : f.type).join(), '|', r.verdict, r.recoveredMs, r.commits, r.applied, r.acknowledged, r.steps, r.virtualMs, r.firstViolation?.facts.slice(0, 900))
}
