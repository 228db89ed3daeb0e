export { type ArchiveView, archiveView } from './archive-view.ts';
export { chooseMergeRange, chooseReplicationGid, latestBefore } from './choose.ts';
export { configDocument, loadConfig, type ReplicationServer, type WorkerConfig } from './config.ts';
export { SELECTION_STEPS, type SelectionInput, type SelectionStep, selectTask } from './select.ts';
export { keyOf, taskKey, taskText, type WorkerTask } from './task.ts';
export { type TaskLimits, TaskRunner, type TaskRunnerOptions } from './task-runner.ts';
export { parsePeriod, parseSizeUnit } from './units.ts';
export { runWorker, type WorkerEvent, type WorkerOptions, type WorkerReport } from './worker.ts';
