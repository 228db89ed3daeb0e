/**
 * `walbox/control`: what an operator says to a backup group: every operation of WalB's Python library under the same
 * name in camel case (docs/operations.md), over any world: the simulation's, or that of walbox/native for real servers.
 */
export { type Controller, type ControllerOptions, createController } from './controller.ts';
export type { Capability, Group, GroupDevice, GroupFiles, WalbDisk } from './group.ts';
export type { StopMode } from './life-cycle.ts';
export { makeSyncOpt } from './queries.ts';
export { getServerArgs, getServerParams, type ServerParamsOptions, toCommandLines } from './server-args.ts';
export {
  getServer,
  hostPortText,
  parseServerKind,
  type ServerConnectionParam,
  type ServerKind,
  ServerLayout,
  type ServerStartupParam,
  serverKindToString,
  verifyServerKind,
} from './server-layout.ts';
export { blockDeviceExists, type RunCommand } from './session.ts';
export { type ShutdownMode, verifyShutdownMode } from './shutdown.ts';
export {
  archiveInfoArgs,
  COMPRESS_KINDS,
  type CompressKind,
  compressKindToString,
  type DatetimeForm,
  Diff,
  datetimeToStr,
  parseCompressKind,
  parseLtsv,
  parseTsDelta,
  replicateArgs,
  Snapshot,
  State,
  type SyncOpt,
  strToDatetime,
  type TsDeltaInfo,
  verifyCompressKind,
  verifyGidRange,
  verifySizeUnit,
  verifyU64,
} from './values.ts';
export { type CreateWdevOptions, WalbDevice, type WdevControl } from './walb-device.ts';
