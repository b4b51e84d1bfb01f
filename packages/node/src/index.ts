export {
  encodeEnvelope,
  encodeKvOperation,
  kvApplication,
  kvKeyBytesMax,
  logApplication,
  resultCodes
} from '@novacron/execution'
export { ControlClient, type ControlClientFacts, type ControlSubscription } from './api/client.ts'
export { type ControlServer, startControlServer } from './api/control-server.ts'
export { type ApiFacts, apiFault } from './api/faults.ts'
export type * from './api/method-types.ts'
export type * from './api/node-control.ts'
export type * from './api/node-report.ts'
export { lacksQuorum } from './api/node-report.ts'
export { closest } from './api/suggestion.ts'
export type { MeshStarter } from './assembly/mesh.ts'
export { type ChainFacts, chainFactsOf } from './assembly/replica-settings.ts'
export {
  type ClusterOptions,
  commitFactorOf,
  defaultClusterOptions,
  type OrderingProtocol,
  orderingOptions,
  orderingProtocols
} from './config/cluster-options.ts'
export type { ConfigFault } from './config/config-fault.ts'
export { describeConfigFault } from './config/config-fault.ts'
export { makePrivateDirectory } from './config/data-file.ts'
export { type DataPaths, dataPathsOf } from './config/data-paths.ts'
export { sha256 } from './config/ed25519.ts'
export { type FileTrouble, fileTroubleOf } from './config/file-trouble.ts'
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
export { defaultNodeOptions, type NodeOptions, parseNodeOptions } from './config/node-options.ts'
export type { Problem } from './config/problem.ts'
export { valueOrThrow } from './config/result.ts'
export { findControlSocket } from './config/socket-place.ts'
export {
  type Acknowledgement,
  AcknowledgementReader,
  ingestCodes
} from './ingest/acknowledgement.ts'
export * from './ingest/client.ts'
export { joinRanges, type SequenceRange } from './ingest/sequence-range.ts'
export { startIngestServer } from './ingest/server.ts'
export type { CommittedRun, IngestSink, Offer } from './ingest/sink.ts'
export { type RunningNode, type StartOptions, type StopReason, startNode } from './node.ts'
export { lockOwnerOf } from './store/lock.ts'
export { softwareVersion } from './version.ts'
