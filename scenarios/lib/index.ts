/**
 * `walbox/scenarios`: what scenario files are written with (docs/writing-scenarios.md). A file that exports what
 * `siteScenario` makes is run by `walbox run FILE`. Needs Node.
 */
export { Operator } from './operator.ts';
export { permutations, stopStartOrders, subsets } from './orders.ts';
export { RecordedDevice } from './recorded-device.ts';
export { restoreFiles, saveFiles } from './saved-files.ts';
export type { Scenario, ScenarioInput, ScenarioOutcome } from './scenario.ts';
export { type ShellScenario, shellScenario } from './shell/scenario.ts';
export type { Shell } from './shell/shell.ts';
export {
  type RunFigures,
  type SimulatedOptions,
  type SimulatedRun,
  simulate as simulateScenario,
} from './simulate.ts';
export { LB_PER_MIB, Site, type SiteScenario, siteScenario, VOL } from './site.ts';
export { type StopStartOrder, stopAndStart } from './stop-start.ts';
export { type Say, Story, StoryError, virtualTimeText } from './story.ts';
export { type OfferedDiff, sendWdiff } from './wdiff-send.ts';
export { RandomLoad, type RandomLoadOptions, writeDifferences } from './workload.ts';
