import { spawn } from 'node:child_process';
import { closeSync, open } from 'node:fs';
import { promisify } from 'node:util';
import { IoError } from '../core/errors.ts';
import { asIo, systemCode } from './errors.ts';

// A plain descriptor: a FileHandle that nobody refers to is closed, and the lock would go with it.
const openDescriptor = promisify(open);

/** Exit status of `flock -n` when somebody else has the lock. */
const LOCKED_STATUS = 1;

/**
 * Takes an exclusive lock (flock) of `path`, a directory or a file, which is made when missing and stays. It ends with the process,
 * whatever ends that. Node cannot lock files, but a lock belongs to the open file, which a child can share: `flock` of
 * util-linux locks ours. Throws IoError ELOCKED when another open file has the lock, in this process or another.
 */
export async function lockFile(path: string): Promise<() => void> {
  const fd = await asIo(path, () => openToLock(path));
  try {
    const status = await runFlock(fd);
    if (status === LOCKED_STATUS) throw new IoError('ELOCKED', `${path} is locked by another process`);
    if (status !== 0) throw new IoError('EIO', `${path}: flock failed with status ${status}`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    closeSync(fd);
  };
}

async function openToLock(path: string): Promise<number> {
  try {
    return await openDescriptor(path, 'a', 0o644);
  } catch (error) {
    // Directories are opened for reading only, and can be locked so.
    if (systemCode(error) !== 'EISDIR') throw error;
    return await openDescriptor(path, 'r');
  }
}

function runFlock(fd: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-n', '-x', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    child.once('error', (error) => reject(new IoError('EOPNOTSUPP', `cannot run flock: ${error.message}`)));
    child.once('close', resolve);
  });
}
