/**
 * `walbox/device`: the walb device: every write goes into a ring log first and to the data device later
 * (docs/architecture.md, "Device"). Brings no devices of its own: give it two `BlockDevice`s. Pure.
 */
export { DEFAULT_CHECKPOINT_INTERVAL_MS, MAX_CHECKPOINT_INTERVAL_MS } from './checkpoint.ts';
export type { FreezeState } from './control.ts';
export {
  DEFAULT_MODULE_PARAMS,
  DEFAULT_START_PARAMS,
  type ModuleParams,
  type StartParams,
} from './params.ts';
export type { RedoResult } from './redo.ts';
export { DEVICE_STEPS } from './steps.ts';
export { formatLdev } from './super-io.ts';
export {
  type DeviceStatus,
  MAX_DEVICE_NAME_BYTES,
  openWalbDevice,
  WalbDevice,
  type WalbDeviceOptions,
} from './walb-device.ts';
export { isDeviceCommand, runDeviceCommand } from './wdevc.ts';
