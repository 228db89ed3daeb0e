import { errorText, IoError, type IoErrorCode } from '../core/errors.ts';

/** The codes that the ports know, and what others of the system count as. */
const CODES: ReadonlyMap<string, IoErrorCode> = new Map<string, IoErrorCode>([
  ...(
    [
      'EIO',
      'ENOSPC',
      'EROFS',
      'ENOENT',
      'EEXIST',
      'ENOTDIR',
      'EISDIR',
      'ENOTEMPTY',
      'EACCES',
      'EBUSY',
      'EINVAL',
      'EMFILE',
      'EOPNOTSUPP',
      'ECONNREFUSED',
      'ECONNRESET',
      'EPIPE',
      'EHOSTUNREACH',
      'EADDRINUSE',
      'ETIMEDOUT',
      'EFAULT',
      'EXDEV',
    ] as const
  ).map((code) => [code, code] as const),
  ['EPERM', 'EACCES'],
  ['ENFILE', 'EMFILE'],
  ['EDQUOT', 'ENOSPC'],
  ['EFBIG', 'ENOSPC'],
  ['ENOTSUP', 'EOPNOTSUPP'],
  ['ENOTTY', 'EOPNOTSUPP'],
  ['ENETUNREACH', 'EHOSTUNREACH'],
  ['EBADF', 'EINVAL'],
]);

/** The POSIX name in an error of Node, or an empty text. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** `CODE: description, call 'path'`, as Node writes it. */
const NODE_MESSAGE = /^[A-Z0-9]+: ([^,]+)/;

/** An error of Node as the ports throw it; `what` (a path, say) begins the message. IoErrors stay as they are. */
export function toIoError(error: unknown, what: string): IoError {
  if (error instanceof IoError) return error;
  const code = systemCode(error);
  const description = NODE_MESSAGE.exec(errorText(error))?.[1] ?? errorText(error);
  return new IoError(CODES.get(code) ?? 'EIO', `${what}: ${description}${code === '' ? '' : ` (${code})`}`);
}

/** Runs a call of Node and throws its errors as IoErrors. */
export async function asIo<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toIoError(error, what);
  }
}
