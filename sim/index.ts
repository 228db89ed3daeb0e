/**
 * `walbox/sim`: a whole site in one thread under virtual time, with faults, traces, the ledger that judges images, and
 * histories of chaos (docs/architecture.md, "Simulation"; docs/chaos.md). Pure: whoever runs it gives a `Turn`
 * (walbox/native has Node's) and codecs (walbox/engine). The same seed or history gives the same run, byte for byte.
 */
export { type ChaosFailure, failureSignature, PropertyError, type PropertyName } from './chaos/failure.ts';
export { drawHistory } from './chaos/generate.ts';
export { type ChaosLayout, checkChaosLayout, PLAIN_LAYOUT } from './chaos/layout.ts';
export { type ChaosOperation, type ChaosOperationKind, checkChaosOperation } from './chaos/operations.ts';
export {
  type ChaosProfile,
  chaosProfile,
  FAULT_CLASSES,
  type FaultClass,
  PROFILES,
} from './chaos/profiles.ts';
export {
  CHAOS_CHECKS,
  type ChaosHistory,
  type ChaosMachine,
  type ChaosOutcome,
  type ChaosRunOptions,
  runChaos,
} from './chaos/run.ts';
export { parseSaved, type SavedHistory, savedToText } from './chaos/saved.ts';
export { type ShrinkOptions, type Shrunk, shrinkHistory } from './chaos/shrink.ts';
export type { ChaosCounts, ChaosSite } from './chaos/site.ts';
export { type ChaosStory, historyOfStory, storyFileText } from './chaos/story.ts';
export type { VolumeTruth } from './chaos/volume-truth.ts';
export { faultText, operationText } from './chaos/words.ts';
export { type MediumParameters, type MediumPreset, mediumParameters } from './disk-medium.ts';
export { DeadlockError, SpinningError, type Turn } from './event-loop.ts';
export { checkFault, FAULT_FIELDS, type Fault, type StorageFault } from './fault-kinds.ts';
export { createSimGroup, type SimGroup, type SimGroupOptions, type SimGroupParts } from './group.ts';
export { type GroupLayout, parseGroupLayout } from './group-layout.ts';
export {
  checkHistory,
  executeHistory,
  type History,
  type HistoryChecks,
  type HistoryPlayer,
  historyToText,
  parseHistory,
} from './history.ts';
export type { SimHost } from './host.ts';
export { PoisonError } from './kernel.ts';
export { Ledger, type LedgerOperation, type LedgerOptions, type LedgerVerdict } from './ledger.ts';
export { type LogLine, type LogSink, logLineToText } from './log.ts';
export type { SimProcess } from './process.ts';
export { KeyedRandom, RandomStream } from './random.ts';
export { Simulation, type SimulationOptions } from './simulation.ts';
export { type TraceLine, type TraceSink, traceLineToText } from './trace.ts';
export type { SimWorld } from './world.ts';
