import type { CreateWdevOptions, WdevControl } from '../core/control/walb-device.ts';
import { formatLdev, isDeviceCommand, runDeviceCommand, type StartParams } from '../core/device/index.ts';
import { FormatError, NotFoundError } from '../core/errors.ts';
import { encodeSuperSector, type SuperSector } from '../core/format/super-sector.ts';
import { superSectorLines } from '../core/format/wlog-text.ts';
import { walbDevicesOf } from './device-host.ts';
import type { SimHost } from './host.ts';

const DISK_PREFIX = '/dev/disk/';

/** The walb devices of a simulated host for who sets them up. Disks are named `/dev/disk/NAME`. */
export function createWdevControl(host: SimHost): WdevControl {
  const devices = walbDevicesOf(host);
  return {
    exists: async (path) => {
      try {
        await devices.running(path);
        return true;
      } catch (error) {
        if (error instanceof NotFoundError) return false;
        throw error;
      }
    },
    formatLdev: async (ldev, ddev) => {
      await format(host, ldev, ddev, '');
    },
    wdevc: (words) => wdevc(host, words),
    create: async (ldev, ddev, name, options) => {
      const params = startParams(options);
      const setup = { name, logDisk: diskName(ldev), dataDisk: diskName(ddev), format: false, params };
      await devices.createWalbDevice(setup);
    },
    delete: async (path) => devices.removeWalbDevice((await devices.running(path)).name),
    resize: async (path, sizeLb) => (await devices.running(path)).resize(sizeLb),
    resetWal: async (path) => (await devices.running(path)).resetWal(),
    sizeLb: async (path) => (await devices.running(path)).sizeLb,
    logSizeLb: async (path) => {
      const log = (await devices.running(path)).openLog();
      const sizeLb = log.sizeLb();
      log.close();
      return sizeLb;
    },
    lsids: async (path) => (await devices.running(path)).lsids(),
  };
}

/** Makes an empty log for a data device. */
async function format(host: SimHost, ldev: string, ddev: string, name: string): Promise<SuperSector> {
  const open = (path: string) => {
    const disk = host.disks.get(diskName(path));
    if (disk === undefined) throw new NotFoundError(`Host ${host.name} has no disk ${path}.`);
    return disk.open(host.kernelLife, { task: 'wdevc' });
  };
  const { random } = host.kernelWorld();
  const [log, data] = [open(ldev), open(ddev)];
  try {
    return await formatLdev({ ldev: log, ddev: data, random, name });
  } finally {
    log.close();
    data.close();
  }
}

/** Version of the driver that the simulation plays. */
const DRIVER_VERSION = '1.5.1';
/** Options of `create-wdev`, with what they are here. */
const CREATE_OPTIONS: ReadonlyMap<string, keyof CreateWdevOptions> = new Map([
  ['-maxl', 'maxLogpackKb'],
  ['-maxp', 'maxPendingMb'],
  ['-minp', 'minPendingMb'],
  ['-qp', 'queueStopTimeoutMs'],
  ['-fs', 'logFlushIntervalMb'],
  ['-fp', 'logFlushIntervalMs'],
  ['-bp', 'packBulk'],
  ['-bi', 'ioBulk'],
]);

/** The program `wdevc` on a host (docs/operations.md, "wdevc"). */
async function wdevc(host: SimHost, [command = '', ...args]: readonly string[]): Promise<string[]> {
  const devices = walbDevicesOf(host);
  if (isDeviceCommand(command)) {
    const [path = '', ...rest] = args;
    return runDeviceCommand(await devices.running(path), command, rest, host.kernelWorld().clock);
  }
  const { plain, options, flags } = wordsOf(args);
  const name = options.get('-n') ?? '';
  const [first = '', second = ''] = plain;
  switch (command) {
    case 'format-ldev': {
      const sector = await format(host, first, second, name);
      return [...superSectorLines(sector, encodeSuperSector(sector)), ''];
    }
    case 'create-wdev': {
      const given: Record<string, number> = {};
      for (const [option, field] of CREATE_OPTIONS) {
        const value = options.get(option);
        if (value !== undefined) given[field] = Number(value);
      }
      const made = { name, logDisk: diskName(first), dataDisk: diskName(second), format: false };
      await devices.createWalbDevice({ ...made, params: startParams(given) });
      return [`name ${name}`, `major ${MAJOR}`, `minor ${minorOf(devices.names, name)}`];
    }
    case 'delete-wdev':
      await devices.removeWalbDevice((await devices.running(first)).name, { force: flags.has('-f') });
      return [];
    case 'list':
      return devices.names.map((one) => `${MAJOR} ${minorOf(devices.names, one)} walb/${one}`);
    case 'get-version':
      return [DRIVER_VERSION];
    default:
      throw new FormatError(`wdevc has no command ${command}`);
  }
}

const MAJOR = 250;

/** Each device has two minor numbers: its own and that of its log. */
function minorOf(names: readonly string[], name: string): number {
  return 2 * names.indexOf(name);
}

/** Words without a dash, options with a value, and flags. */
function wordsOf(args: readonly string[]): {
  plain: string[];
  options: Map<string, string>;
  flags: Set<string>;
} {
  const plain: string[] = [];
  const options = new Map<string, string>();
  const flags = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    if (word === '-f' || word === '-nd') flags.add(word);
    else if (word === '-n' || CREATE_OPTIONS.has(word)) options.set(word, args[++i] ?? '');
    else if (word.startsWith('-')) throw new FormatError(`bad opt: ${word}`);
    else plain.push(word);
  }
  return { plain, options, flags };
}

function diskName(path: string): string {
  return path.startsWith(DISK_PREFIX) ? path.slice(DISK_PREFIX.length) : path;
}

/** Zero and missing values are left to the defaults. */
function startParams(options: CreateWdevOptions): Partial<StartParams> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== 0),
  );
}
