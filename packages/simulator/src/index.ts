export {
  type Behaviour,
  behaviourNames,
  behaviours,
  checkLiars,
  drawLiars,
  type Liar,
  type TwinSchedule
} from './byzantine/behaviour.ts'
export type { Letter, LiarSeat, Lie } from './byzantine/liar.ts'
export { LyingPlace, type LyingPlaceNeeds } from './byzantine/lying-place.ts'
export type { Backing } from './checkers/certification.ts'
export {
  type RunVerdict,
  type VerdictKind,
  type Violation,
  verdictKinds
} from './checkers/violation.ts'
export * from './dag/index.ts'
export { type Damage, damages } from './disk/damage.ts'
export { type DeviceName, Disk, type DiskImage, type TailLoss } from './disk/disk.ts'
export { EventQueue } from './event-queue.ts'
export { type CommitteePlan, type FaultsRefused, refuseFaults } from './fault-budget.ts'
export { faultKinds, kindOf, withFaults } from './fault-plan.ts'
export {
  type FaultKind,
  type FaultSpecification,
  parseFaultSpecification,
  type SpecificationFault
} from './fault-specification.ts'
export { drawFaults } from './faults/draw.ts'
export { type DiskFate, endOf, type Fault } from './faults/fault.ts'
export {
  drawNamedFault,
  drawNamedFaults,
  type NamedFault,
  namedFaultNames,
  namedFaults
} from './faults/named.ts'
export { type PartitionKind, partitionKinds, partitionOf } from './faults/partitions.ts'
export { type Departure, departureNames, departures, type Gone } from './gone.ts'
export type { MakeKeys, WorldKeys } from './keys.ts'
export { type DriverLaw, driversLaw, relaxedLaw } from './law.ts'
export { type Answer, defaultLoadOptions, type LoadOptions } from './load.ts'
export * from './machine.ts'
export { mixingHash } from './mixing-hash.ts'
export { type BullsharkMode, bullsharkModes, inMode, withFactor } from './modes.ts'
export { type Delay, drawDelay } from './network/delay.ts'
export { defaultNetworkOptions, type NetworkOptions } from './network/network.ts'
export { planScenario, type SimulationPlan } from './plan.ts'
export { type RecordedEvent, Recorder } from './recorder.ts'
export {
  bullsharkOrderer,
  bullsharkSlots,
  type ReplicaProtocolOptions,
  type ReplicaTypes,
  replicaProtocol,
  type SimulatedOrderer
} from './replica-protocol.ts'
export { drawScenario, quietScenario, replicasMax, type Scenario } from './scenario.ts'
export { scenarioBounds } from './scenario-fields.ts'
export { essenceOf, scenarioOfJson, withAllOptions } from './scenario-json.ts'
export type { ScenarioFacts } from './scenario-shape.ts'
export { type Shrunk, shrinkRunsMax, shrinkScenario, shrinkSteps } from './shrink.ts'
export {
  type PlaceReport,
  Simulation,
  type SimulationNeeds,
  type SimulationReport,
  simulate
} from './simulate.ts'
export { singleLeaderOrderer } from './single-leader.ts'
export {
  drawExploration,
  runSwarmSeed,
  runSwarmWorld,
  type SwarmOutcome,
  type SwarmRules
} from './swarm.ts'
export { type CrashPoint, startOfTimeMs, World, type WorldOptions } from './world.ts'
