/**
 * `walbox`: what every other entry speaks. Units (LB, PB, lsid, gid, times) as numbers with names, the errors that are
 * thrown, and the world: the ports through which servers and device reach clock, files, network and devices. Pure.
 */
export {
  AbortedError,
  ExistsError,
  errorText,
  FormatError,
  IoError,
  type IoErrorCode,
  NotFoundError,
  OverflowError,
  ProtocolError,
  StateError,
  TimeoutError,
} from './errors.ts';
export {
  type Gid,
  KIB,
  type Lb,
  LOGICAL_BLOCK_BYTES,
  type Lsid,
  MIB,
  type MonotonicUs,
  type Pb,
  type UnixTimeS,
  US_PER_MS,
  US_PER_S,
} from './units.ts';
export * from './world/index.ts';
