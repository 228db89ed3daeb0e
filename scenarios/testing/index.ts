/**
 * `walbox/testing`: simulated backup groups in tests of your own (docs/embedding.md). Knows no test library: the matchers
 * are plain objects for `expect.extend`; walbox/vitest puts them into vitest, and walbox/fast-check has arbitraries of
 * histories. Needs Node.
 */
export { SimulationFailure } from './failure.ts';
export { nodeMachine } from './machine.ts';
export {
  type ConvergeOptions,
  type MatcherResult,
  type RestorableOptions,
  type WalboxMatchers,
  walboxMatchers,
} from './matchers.ts';
export {
  type HistoryToSimulate,
  type Simulated,
  type SimulatedHistory,
  type SimulateOptions,
  simulate,
  type WatchOptions,
} from './simulate.ts';
export type { Subject } from './subject.ts';
export { performWorkload, type Workload, type WorkloadStep } from './workload.ts';
