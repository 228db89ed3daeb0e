/**
 * `walbox/device`: the walb device: every write goes into a ring log first and to the data device later
 * (docs/architecture.md, "Device"). Brings no devices of its own: give it two `BlockDevice`s. Pure.
 */
export { DEFAULT_CHECKPOINT_INTERVAL_MS, MAX_CHECKPOINT_INTERVAL_MS } from './checkpoint.js';
export { DEFAULT_MODULE_PARAMS, DEFAULT_START_PARAMS, } from './params.js';
export { DEVICE_STEPS } from './steps.js';
export { formatLdev } from './super-io.js';
export { MAX_DEVICE_NAME_BYTES, openWalbDevice, WalbDevice, } from './walb-device.js';
export { isDeviceCommand, runDeviceCommand } from './wdevc.js';
