import { drawScenario, Simulation } from '../src/index.ts'
import { thinProtocol, type ThinReplica } from './bullshark-replica.ts'
import { sha256 } from './hash.ts'
const s = drawScenario(Number(process.argv[2]))
const sim = new Simulation(s, { hash: sha256, protocol: thinProtocol(sha256) })
console.log(JSON.stringify(s.faults), JSON.stringify(s.network))
const r = sim.run()
console.log(r.verdict, r.firstViolation)
for (let p = 0; p < s.replicas; p++) { const m = sim.world.node(p).machine as ThinReplica; console.log(p, m?.orderer.status(), m?.debug()) }
