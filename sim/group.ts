import { createController } from '../core/control/controller.ts';
import type { Capability, ChangedOptions, Group } from '../core/control/group.ts';
import { type ServerConnectionParam, ServerLayout } from '../core/control/server-layout.ts';
import { WalbDevice } from '../core/control/walb-device.ts';
import { NotFoundError, StateError, TimeoutError } from '../core/errors.ts';
import { type ArchiveOptions, archiveOptions } from '../core/server/archive/options.ts';
import { runArchiveServer } from '../core/server/archive/server.ts';
import { type ProxyOptions, proxyOptions } from '../core/server/proxy/options.ts';
import { runProxyServer } from '../core/server/proxy/server.ts';
import { ProcessStatus } from '../core/server/shared/process-status.ts';
import { type StorageOptions, storageOptions } from '../core/server/storage/options.ts';
import { runStorageServer } from '../core/server/storage/server.ts';
import type { Lb } from '../core/units.ts';
import { LOGICAL_BLOCK_BYTES, MIB, US_PER_S } from '../core/units.ts';
import type { StorageWorld } from '../core/world/index.ts';
import type { SimDiskOptions } from './disk.ts';
import { SimFileSystem, type SimFileSystemOptions } from './file-system.ts';
import { SimGroupDevice } from './group-device.ts';
import { BASE_DIRECTORY, filesOf, holdVolume, leaveRoom, loseData, readVolume } from './group-hosts.ts';
import type { GroupLayout } from './group-layout.ts';
import type { HostParts, SimHost } from './host.ts';
import type { Simulation } from './simulation.ts';
import { SimVolumeStore, type SimVolumeStoreOptions } from './volume-store.ts';
import { createWdevControl } from './wdev-control.ts';

/** How a simulated group is made; everything has a default. */
export interface SimGroupOptions {
  readonly layout: GroupLayout;
  /** Servers whose hosts are there but that are neither started nor in the controller's layout. */
  readonly spares?: GroupLayout;
  /** Walb devices of each storage host: `/dev/walb/0`, `/dev/walb/1` ... */
  readonly deviceCount?: number;
  readonly deviceSizeLb?: Lb;
  readonly logSizeLb?: Lb;
  /** False: thick volumes, which begin with arbitrary data. */
  readonly thin?: boolean;
  /** How files, disks and volumes of all hosts behave; default: as they say themselves. */
  readonly parts?: SimGroupParts;
  readonly storage?: Partial<StorageOptions>;
  readonly proxy?: Partial<ProxyOptions>;
  readonly archive?: Partial<ArchiveOptions>;
  /** Where the controller's printed lines go. */
  readonly print?: (line: string) => void;
  /** Told each command of the controller. */
  /** How long a wait of the controller pauses before it asks again, in seconds. */
  readonly pollIntervalS?: number;
  readonly onCommand?: (server: ServerConnectionParam, words: readonly string[]) => void;
  /** Lets tests change what a storage server sees of its world. */
  readonly wrapStorageWorld?: (world: StorageWorld) => StorageWorld;
}

/** Behaviour of the storage of hosts (docs/fault-model.md, "Storage media"). */
export interface SimGroupParts {
  readonly files?: Pick<SimFileSystemOptions, 'parameters' | 'latencies'>;
  readonly disks?: Pick<SimDiskOptions, 'parameters' | 'latencies'>;
  readonly volumes?: Pick<
    SimVolumeStoreOptions,
    'parameters' | 'ioLatencies' | 'commandLatency' | 'capacityLb' | 'noSpaceTimeoutUs'
  >;
}

const STORAGE_PORT = 10_000;
const PROXY_PORT = 10_100;
const ARCHIVE_PORT = 10_200;
const DEFAULT_DEVICE_LB = (16 * MIB) / LOGICAL_BLOCK_BYTES;
const DEFAULT_LOG_LB = (16 * MIB) / LOGICAL_BLOCK_BYTES;
const VOLUME_GROUP = 'vg0';
const THIN_POOL = 'tp0';
const STEP = 'group.set-up';
const START_TIMEOUT_S = 60;
const LOOK_INTERVAL_US = US_PER_S / 10;

const CAPABILITIES: ReadonlySet<Capability> = new Set<Capability>([
  'kill',
  'power-loss',
  'crash-points',
  'network-faults',
  'data-loss',
  'faulty-disks',
  'full-disks',
  'clock-step',
  'grow',
  'virtual-time',
]);

export { BASE_DIRECTORY };

/** A backup group in a simulation: one host for each server, one for the operator. */
export interface SimGroup extends Group {
  readonly simulation: Simulation;
  readonly layout: GroupLayout;
  host(server: string): SimHost;
}

/** Makes hosts and devices, and starts all servers: archives, proxies, storages. Run it inside the simulation. */
export async function createSimGroup(simulation: Simulation, options: SimGroupOptions): Promise<SimGroup> {
  const { layout } = options;
  const spares = options.spares ?? { storages: [], proxies: [], archives: [] };
  const everyone = serversOf({
    storages: [...layout.storages, ...spares.storages],
    proxies: [...layout.proxies, ...spares.proxies],
    archives: [...layout.archives, ...spares.archives],
  });
  const isSpare = (server: ServerConnectionParam) => allNames(spares).includes(server.name);
  const servers = new ServerLayout(
    everyone.storages.filter((server) => !isSpare(server)),
    everyone.proxies.filter((server) => !isSpare(server)),
    everyone.archives.filter((server) => !isSpare(server)),
  );
  const hosts = new Map<string, SimHost>();
  for (const { name } of everyone.archives) {
    const volumes = new SimVolumeStore({
      name: `${name}/volumes`,
      random: simulation.random,
      thin: options.thin ?? true,
      group: VOLUME_GROUP,
      ...options.parts?.volumes,
      ...(options.thin === false ? { backgroundSeed: simulation.random.seed } : { pool: THIN_POOL }),
    });
    hosts.set(name, simulation.addHost(name, { volumes, ...fileSystemFor(simulation, name, options) }));
  }
  for (const { name } of everyone.proxies) {
    hosts.set(name, simulation.addHost(name, fileSystemFor(simulation, name, options)));
  }
  const devices = new Map<string, SimGroupDevice[]>();
  for (const { name } of everyone.storages) {
    const host = simulation.addHost(name, fileSystemFor(simulation, name, options));
    hosts.set(name, host);
    devices.set(name, await makeDevices(host, options));
  }
  const operator = simulation.addHost('operator');
  const world = await operatorWorld(operator);
  const find = (name: string) => {
    const server = everyone.getAll().find((candidate) => candidate.name === name);
    if (server === undefined) throw new NotFoundError(`There is no server ${name}.`);
    return server;
  };
  const controller = createController(world, servers, {
    ...(options.print === undefined ? {} : { print: options.print }),
    ...(options.onCommand === undefined ? {} : { onCommand: options.onCommand }),
    ...(options.pollIntervalS === undefined ? {} : { pollIntervalS: options.pollIntervalS }),
  });
  /** What was changed at starts, by server. */
  const changed = new Map<string, ChangedOptions>();
  const hostOf = (name: string) => hosts.get(find(name).name) as SimHost;
  const group: SimGroup = {
    simulation,
    layout,
    capabilities: CAPABILITIES,
    world,
    controller,
    server: find,
    host: hostOf,
    devices: (storage) => devices.get(storage) ?? [],
    walbDevices: (storage) =>
      (devices.get(storage) ?? []).map((_, i) => {
        const control = createWdevControl(hostOf(storage));
        return new WalbDevice(String(i), `/dev/disk/log${i}`, `/dev/disk/data${i}`, control, world.clock);
      }),
    readVolume: async (archive, path) => readVolume(hostOf(archive), path),
    holdVolume: async (archive, path) => holdVolume(hostOf(archive), path),
    clock: { nowUs: () => simulation.nowUs, sleep: (seconds) => simulation.sleep(seconds * US_PER_S) },
    eventually: async (condition, timeoutS, what) => {
      const deadlineUs = simulation.nowUs + timeoutS * US_PER_S;
      while (!(await condition())) {
        if (simulation.nowUs >= deadlineUs) throw new TimeoutError(`${what}: not so after ${timeoutS} s`);
        await simulation.sleep(LOOK_INTERVAL_US);
      }
    },
    isRunning: (name) => hostOf(name).processes.has(programOf(find(name))),
    kill: (name) =>
      hostOf(name)
        .processes.get(programOf(find(name)))
        ?.kill(),
    startServer: async (name, changes = {}) => {
      const server = find(name);
      changed.set(name, { ...changed.get(name), ...changes });
      spawnServer(hostOf(name), server, controller.layout, options, changed.get(name) ?? {});
      const answers = async () => {
        try {
          return (await controller.getHostType(server)) === server.kind;
        } catch {
          return false;
        }
      };
      await group.eventually(answers, START_TIMEOUT_S, `${name} must answer`);
    },
    loseData: async (name) => {
      if (group.isRunning(name)) throw new StateError(`${name} runs: its data cannot be lost.`, 'running');
      await loseData(hostOf(name), find(name));
    },
    partition: (a, b) => simulation.network.partition(hostOf(a).name, hostOf(b).name),
    partitionOneWay: (from, to) => simulation.network.partitionOneWay(hostOf(from).name, hostOf(to).name),
    delayLink: (a, b, delayS) =>
      simulation.network.slowLink(hostOf(a).name, hostOf(b).name, { latencyMinUs: delayS * US_PER_S }),
    heal: (a, b) => {
      simulation.network.heal(hostOf(a).name, hostOf(b).name);
      simulation.network.resetLink(hostOf(a).name, hostOf(b).name);
    },
    limitBandwidth: (a, b, bytesPerS) =>
      simulation.network.slowLink(hostOf(a).name, hostOf(b).name, { bytesPerS }),
    powerLoss: (name) => hostOf(name).powerLoss(),
    powerLossAt: (name, { step, nth }) => {
      const common = { kind: 'crash', process: null, how: 'power-loss', downUs: null } as const;
      simulation.faults.arm({ ...common, host: hostOf(name).name, phase: 'after', step, call: null, nth });
      return () => simulation.faults.disarm();
    },
    powerOn: (name) => hostOf(name).powerOn(),
    stepClock: (name, seconds) => hostOf(name).clock.step(seconds * US_PER_S),
    leaveRoom: (name, room) => leaveRoom(hostOf(name), room),
    files: (name) => filesOf(hostOf(name)),
    volumeNames: (archive) => (hostOf(archive).volumes?.inspect() ?? []).map((info) => info.name).sort(),
    rotVolume: (archive, path, addressLb, sizeLb) => {
      const medium = hostOf(archive).medium(path.split('/').at(-1) ?? '');
      for (let i = 0; i < sizeLb; i++) medium.rot(addressLb + i);
    },
  };
  for (const { name } of [...servers.archives, ...servers.proxies, ...servers.storages])
    await group.startServer(name);
  return group;
}

function allNames(layout: GroupLayout): string[] {
  return [...layout.storages, ...layout.proxies, ...layout.archives];
}

function serversOf(layout: GroupLayout): ServerLayout {
  const named = (names: readonly string[], kind: ServerConnectionParam['kind'], firstPort: number) =>
    names.map((name, i) => ({ name, kind, address: { host: name, port: firstPort + i } }));
  return new ServerLayout(
    named(layout.storages, 'storage', STORAGE_PORT),
    named(layout.proxies, 'proxy', PROXY_PORT),
    named(layout.archives, 'archive', ARCHIVE_PORT),
  );
}

/** The file system of a host where something is said about it. */
function fileSystemFor(simulation: Simulation, name: string, options: SimGroupOptions): HostParts {
  const given = options.parts?.files;
  if (given === undefined) return {};
  return { files: new SimFileSystem({ ...given, name: `${name}/files`, random: simulation.random }) };
}

async function makeDevices(host: SimHost, options: SimGroupOptions): Promise<SimGroupDevice[]> {
  const devices: SimGroupDevice[] = [];
  for (let i = 0; i < (options.deviceCount ?? 1); i++) {
    const { disks } = options.parts ?? {};
    host.addDisk(`log${i}`, { ...disks, sizeLb: options.logSizeLb ?? DEFAULT_LOG_LB });
    host.addDisk(`data${i}`, { ...disks, sizeLb: options.deviceSizeLb ?? DEFAULT_DEVICE_LB });
    devices.push(await SimGroupDevice.create(host, String(i)));
  }
  return devices;
}

/** The world of a process that only lends its ports to the operator. */
function operatorWorld(host: SimHost) {
  return new Promise<Parameters<Parameters<SimHost['spawn']>[1]>[0]>((resolve) => {
    host.spawn('operator', (world) => {
      resolve(world);
      return new Promise(() => {});
    });
  });
}

function programOf(server: ServerConnectionParam): string {
  return `walb-${server.kind}`;
}

function spawnServer(
  host: SimHost,
  server: ServerConnectionParam,
  servers: ServerLayout,
  options: SimGroupOptions,
  changed: ChangedOptions,
): void {
  const common = {
    ...changed,
    nodeId: server.name,
    port: server.address.port,
    baseDirectory: BASE_DIRECTORY,
  };
  host.spawn(programOf(server), async (world) => {
    const status = new ProcessStatus();
    switch (server.kind) {
      case 'storage': {
        const archive = servers.getPrimaryArchive().address;
        const proxies = servers.proxies.map((proxy) => proxy.address);
        const seen = options.wrapStorageWorld?.(world) ?? world;
        return runStorageServer(
          seen,
          storageOptions({ ...options.storage, ...common, archive, proxies }),
          status,
        );
      }
      case 'proxy':
        return runProxyServer(world, proxyOptions({ ...options.proxy, ...common }), status);
      case 'archive': {
        const store = options.thin === false ? {} : { thinPool: THIN_POOL };
        // An archive wants its base directory to be there; an operator makes it once.
        if ((await world.files.stat(BASE_DIRECTORY, STEP)) === null)
          await world.files.makeDirectory(BASE_DIRECTORY, STEP);
        await world.files.syncDirectory('/', STEP);
        const given = { ...options.archive, ...common, volumeGroup: VOLUME_GROUP, ...store };
        return runArchiveServer(world, archiveOptions(given), status);
      }
    }
  });
}
