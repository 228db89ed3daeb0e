import type { LogpackHeader } from '../format/logpack.ts';
import type { Lb, Lsid } from '../units.ts';

/** One IO on its way through the device. */
export interface Request {
  readonly kind: 'write' | 'discard' | 'flush';
  readonly addressLb: Lb;
  /** 0 for a flush. */
  readonly sizeLb: Lb;
  /** The device's own copy, filled with zeros to whole physical blocks; empty unless a write. */
  readonly data: Uint8Array;
  /** Everything that completed before must be durable when this completes. */
  readonly flush: boolean;
  /** This and everything earlier must be durable when this completes. */
  readonly fua: boolean;
  /** What it counts for against the bound on memory. */
  readonly heldBytes: number;
  /** Salted checksum of the data, taken when the request first comes into a pack. */
  checksum: number | null;
  /** Where its data are in the log; -1 until it is in a pack. */
  lsid: Lsid;
  /** Where they end; equal to `lsid` for a discard. */
  endLsid: Lsid;
  /** Completes it to the caller, with success or an error. */
  readonly settle: (error: Error | null) => void;
}

/** A pack on its way to the log, and then to the data device. */
export interface Pack {
  /** Null for a flush without data, which is a pack of its own that takes no room in the log. */
  readonly header: LogpackHeader | null;
  readonly logpackLsid: Lsid;
  readonly nextLsid: Lsid;
  /** In the order of the records, padding left out. */
  readonly requests: readonly Request[];
  readonly hasFua: boolean;
  /** What its header's flush makes durable; null when it carries none. */
  newPermanent: Lsid | null;
  /** Outcome of the header's write (or of the flush); null = success. */
  headerIo: Promise<Error | null>;
  /** Outcomes of the data's writes, by request. */
  dataIos: Promise<Error | null>[];
  /** IOs on the data device that have not completed. */
  remaining: number;
}

/** The outcome of a call as a value, so that a failure that nobody has looked at yet is not unhandled. */
export function outcome(call: Promise<unknown>): Promise<Error | null> {
  return call.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
}
