/**
 * `walbox/control`: what an operator says to a backup group: every operation of WalB's Python library under the same
 * name in camel case (docs/operations.md), over any world: the simulation's, or that of walbox/native for real servers.
 */
export { type Controller, type ControllerOptions, createController } from './controller.ts';
export type { Capability, Group, GroupDevice, GroupFiles, WalbDisk } from './group.ts';
export type { StopMode } from './life-cycle.ts';
export {
  parseServerKind,
  type ServerConnectionParam,
  type ServerKind,
  ServerLayout,
  serverKindToString,
} from './server-layout.ts';
export type { ShutdownMode } from './shutdown.ts';
export { COMPRESS_KINDS, type CompressKind, type SyncOpt } from './values.ts';
