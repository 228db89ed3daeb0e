/** Sizes of the devices of a shell, unless asked otherwise. */
export const SHELL_DEVICE_MIB = 4;
export const SHELL_LOG_MIB = 8;
