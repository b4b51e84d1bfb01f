export { ControlClient, type ControlClientFacts, type ControlSubscription } from './api/client.ts'
export type * from './api/node-control.ts'
export type * from './api/node-report.ts'
export type { ConfigFault } from './config/config-fault.ts'
export { describeConfigFault } from './config/config-fault.ts'
export { type DataPaths, dataPathsOf } from './config/data-paths.ts'
export { buildGenesis, type Genesis, type NodePart } from './config/genesis.ts'
export {
  type InitRequest,
  initNode,
  installGenesis,
  loadNode,
  readGenesis,
  readNodePart,
  writeGenesis
} from './config/init.ts'
export { defaultNodeOptions, type NodeOptions } from './config/node-options.ts'
export { findControlSocket } from './config/socket-place.ts'
export * from './ingest/client.ts'
export { type RunningNode, type StartOptions, type StopReason, startNode } from './node.ts'
export { softwareVersion } from './version.ts'
