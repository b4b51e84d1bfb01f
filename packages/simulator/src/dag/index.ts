export { DagBuilder } from './builder.ts'
export { buildDag, type DagDrawing, dag, letterOf, nameOf } from './drawing.ts'
export {
  type DagExploration,
  type DagExplorationReport,
  exploreDag,
  type OnCommitted
} from './explore.ts'
export { causalOrder, type RandomDagOptions, randomDag } from './generator.ts'
export type { HeaderTraffic } from './headers.ts'
export { DagObserver } from './observer.ts'
