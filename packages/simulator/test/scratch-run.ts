import { defaultNetworkOptions, drawScenario, quietScenario, simulate } from '../src/index.ts'
import { thinProtocol } from './bullshark-replica.ts'
import { sha256 } from './hash.ts'

const s = {
  ...quietScenario,
  replicas: Number(process.argv[2] ?? 10),
  chaosMs: 10000,
  network: { ...defaultNetworkOptions, delay: { type: 'uniform', fromMs: 5, toMs: 15 } as const },
  load: { clients: 2, intervalMs: 500, outstandingMax: 4, retryMs: 1500 }
}
const t = performance.now()
const r = simulate(s, { hash: sha256, protocol: thinProtocol(sha256) })
const ms = performance.now() - t
console.log(r.verdict, r.commits, r.steps, r.virtualMs, 'real', ms, 'x', r.virtualMs / ms)
