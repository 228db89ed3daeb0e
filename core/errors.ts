/**
 * The named errors of walbox. Each message is a sentence that says what was expected; texts that the
 * original sends over the wire keep the original's form (`function:part:part`).
 */

/** Bytes do not have the form they must have. `offset` is counted from the start of what was decoded. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly offset: number;
  constructor(message: string, offset = 0) {
    super(message);
    this.offset = offset;
  }
}

/** A peer broke the conversation: wrong token, wrong order, early end. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Something was asked in a state that does not allow it. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly state: string;
  readonly allowed: readonly string[];
  constructor(message: string, state = '', allowed: readonly string[] = []) {
    super(message);
    this.state = state;
    this.allowed = allowed;
  }
}

/** A named thing (file, volume, snapshot, server) does not exist. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** A named thing exists already. */
export class ExistsError extends Error {
  override readonly name = 'ExistsError';
}

/** The log of a walb device lost history that was still needed. */
export class OverflowError extends Error {
  override readonly name = 'OverflowError';
}

/** A wait reached its deadline. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** Work was given up because it was asked to stop. */
export class AbortedError extends Error {
  override readonly name = 'AbortedError';
}

/** A disk, file system or network refused or failed a call. `code` is the POSIX name where there is one. */
export class IoError extends Error {
  override readonly name = 'IoError';
  readonly code: IoErrorCode;
  constructor(code: IoErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** POSIX names of the errors that ports have, and ELOCKED for a file that another process has locked. */
export type IoErrorCode =
  | 'EIO'
  | 'ENOSPC'
  | 'EROFS'
  | 'ENOENT'
  | 'EEXIST'
  | 'ENOTDIR'
  | 'EISDIR'
  | 'ENOTEMPTY'
  | 'EACCES'
  | 'EBUSY'
  | 'EINVAL'
  | 'EMFILE'
  | 'EOPNOTSUPP'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EPIPE'
  | 'EHOSTUNREACH'
  | 'EADDRINUSE'
  | 'ETIMEDOUT'
  | 'EFAULT'
  | 'EXDEV'
  | 'ELOCKED';

/** The text of anything thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
