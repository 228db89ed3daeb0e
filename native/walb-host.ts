import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorText, FormatError, IoError } from '../core/errors.ts';
import type { Lsid } from '../core/units.ts';
import type { LsidSet } from '../core/world/index.ts';
import { asIo, systemCode } from './errors.ts';

/** What of the walb driver of this host a tool needs. Devices are named without their path, `0` for `/dev/walb/0`. */
export interface WalbHost {
  lsids(name: string): Promise<LsidSet>;
  isOverflow(name: string): Promise<boolean>;
  /** Path of the log device, or of its copy in memory where the driver has one. */
  logPath(name: string, isInMemory: boolean): string;
  /** Path of the block device that holds the log. */
  rawLogPath(name: string): Promise<string>;
  /** Lets the driver forget the log below an lsid. */
  setOldestLsid(name: string, lsid: Lsid): Promise<void>;
}

/** Where the driver and the system show themselves. */
export interface WalbPaths {
  readonly sysBlock: string;
  readonly sysDevBlock: string;
  readonly devWalb: string;
  readonly dev: string;
  /** The program that talks to the driver by ioctl. */
  readonly wdevc: string;
}

export const WALB_PATHS: WalbPaths = {
  sysBlock: '/sys/block',
  sysDevBlock: '/sys/dev/block',
  devWalb: '/dev/walb',
  dev: '/dev',
  wdevc: 'wdevc',
};

const FIELDS = [
  ['latest', 'latest'],
  ['completed', 'completed'],
  ['flush', 'flush'],
  ['permanent', 'permanent'],
  ['written', 'written'],
  ['prev_written', 'prevWritten'],
  ['oldest', 'oldest'],
] as const;

/** Reads lines of a label, blanks and an integer. Throws FormatError. */
function parseLines(text: string, path: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const [label, value, ...more] = line.trim().split(/ +/);
    if (!/^[0-9]+$/.test(value) || more.length > 0 || !Number.isSafeInteger(Number(value))) {
      throw new FormatError(`bad data: ${path} must have lines of a label and a number, got ${line}`);
    }
    values.set(label, Number(value));
  }
  return values;
}

/** The driver as sysfs shows it; `set-oldest-lsid` goes by way of the program wdevc. */
export function walbHost(paths: WalbPaths = WALB_PATHS): WalbHost {
  const attribute = (name: string, file: string) => `${paths.sysBlock}/walb!${name}/walb/${file}`;
  const read = (path: string) => asIo(path, () => readFile(path, 'utf8'));
  return {
    async lsids(name) {
      const path = attribute(name, 'lsids');
      const values = parseLines(await read(path), path);
      const entries = FIELDS.map(([label, field]) => {
        const value = values.get(label);
        if (value === undefined) throw new FormatError(`invalid data: ${path} must have a line of ${label}`);
        return [field, value] as const;
      });
      return Object.fromEntries(entries) as unknown as LsidSet;
    },
    async isOverflow(name) {
      const path = attribute(name, 'status');
      return parseLines(await read(path), path).get('log_overflow') === 1;
    },
    logPath: (name, isInMemory) => `${paths.devWalb}/${isInMemory ? 'X' : 'L'}${name}`,
    async rawLogPath(name) {
      const numbers = (await read(attribute(name, 'ldev'))).trim();
      const path = `${paths.sysDevBlock}/${numbers}/uevent`;
      const device = /^DEVNAME=(.+)$/m.exec(await read(path))?.[1];
      if (device === undefined) throw new FormatError(`${path} must have a line of DEVNAME`);
      return `${paths.dev}/${device}`;
    },
    async setOldestLsid(name, lsid) {
      try {
        const words = ['set-oldest-lsid', `${paths.devWalb}/${name}`, String(lsid)];
        await promisify(execFile)(paths.wdevc, words);
      } catch (error) {
        if (systemCode(error) === 'ENOENT') {
          throw new IoError(
            'ENOENT',
            `the program ${paths.wdevc} was not found; it talks to the walb driver`,
          );
        }
        throw new IoError('EFAULT', `${paths.wdevc} set-oldest-lsid ${name} ${lsid}: ${errorText(error)}`);
      }
    },
  };
}
