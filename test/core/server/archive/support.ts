import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { inlineCodecPool, loadPortableCodecs } from '../../../../core/engine/codec-registry.ts';
import { Channel, withoutTrace } from '../../../../core/protocol/channel.ts';
import { ACCEPT, readLinesReply, sendWords } from '../../../../core/protocol/command.ts';
import { askGet, valueToLines } from '../../../../core/protocol/get.ts';
import { negotiateAsClient, OK } from '../../../../core/protocol/negotiation.ts';
import { type ArchiveOptions, archiveOptions } from '../../../../core/server/archive/options.ts';
import { runArchiveServer } from '../../../../core/server/archive/server.ts';
import { ProcessStatus } from '../../../../core/server/shared/process-status.ts';
import { US_PER_S } from '../../../../core/units.ts';
import type { CodecPool, Connection } from '../../../../core/world/index.ts';
import { createTurn } from '../../../../native/turn.ts';
import { mediumParameters } from '../../../../sim/disk-medium.ts';
import { SimFileSystem } from '../../../../sim/file-system.ts';
import { type FileSystemProfile, fileSystemParameters } from '../../../../sim/file-system-state.ts';
import type { SimHost } from '../../../../sim/host.ts';
import { type LogLine, logLineToText } from '../../../../sim/log.ts';
import { rememberingCodecs } from '../../../../sim/remembering-codecs.ts';
import { Simulation } from '../../../../sim/simulation.ts';
import type { TraceSink } from '../../../../sim/trace.ts';
import { SimVolumeStore } from '../../../../sim/volume-store.ts';
import type { SimWorld } from '../../../../sim/world.ts';
import { goldenDir } from '../../../golden.ts';
import { readTarGz } from '../../../tar.ts';

export const codecs: CodecPool = inlineCodecPool(rememberingCodecs(await loadPortableCodecs()));

/** What a test waits for is looked at more and more seldom: most waits are short, and a look costs a connection. */
const FIRST_LOOK_US = US_PER_S / 20;
const LONGEST_LOOK_US = US_PER_S;

/** An archive server, or several, in a simulation, and a client beside them. */

export interface SiteOptions {
  readonly seed?: number;
  readonly codecs?: CodecPool;
  readonly trace?: TraceSink;
}

export interface ArchiveSiteOptions {
  readonly name?: string;
  readonly thin?: boolean;
  readonly port?: number;
  readonly options?: Partial<ArchiveOptions>;
  /** Sizes of volumes are rounded up to this. */
  readonly extentLb?: number;
  readonly capacityLb?: number;
  /** Of volumes; default 512. */
  readonly physicalBlockBytes?: 512 | 4096;
  /** Thick volumes begin full of old data, drawn from this; default: of zeros. */
  readonly backgroundSeed?: number;
  /** What the file system promises at a power loss; default ext4. */
  readonly profile?: FileSystemProfile;
  readonly commandLatency?: { minUs: number; meanUs: number };
}

export class Site {
  readonly simulation: Simulation;
  readonly logs: LogLine[] = [];
  readonly codecs: CodecPool;
  readonly archives = new Map<string, TestArchive>();
  world!: SimWorld;

  constructor(options: SiteOptions = {}) {
    this.codecs = options.codecs ?? codecs;
    this.simulation = new Simulation({
      seed: options.seed ?? 1,
      turn: createTurn(),
      codecs: this.codecs,
      log: (line) => this.logs.push(line),
      ...(options.trace === undefined ? {} : { trace: options.trace }),
    });
    const client = this.simulation.addHost('client');
    client.spawn('client', (world) => {
      this.world = world;
      return new Promise(() => {});
    });
  }

  addArchive(options: ArchiveSiteOptions = {}): TestArchive {
    const archive = new TestArchive(this, options);
    this.archives.set(archive.name, archive);
    return archive;
  }

  /** Runs the test's part of the simulation. */
  run<T>(main: () => Promise<T>): Promise<T> {
    return this.simulation.run(async () => {
      await this.simulation.sleep(1000);
      return main();
    });
  }

  logText(): string {
    return this.logs.map(logLineToText).join('\n');
  }
}

export class TestArchive {
  readonly name: string;
  readonly site: Site;
  readonly host: SimHost;
  readonly store: SimVolumeStore;
  readonly options: ArchiveOptions;
  readonly base: string;
  status = new ProcessStatus();

  constructor(site: Site, options: ArchiveSiteOptions) {
    this.site = site;
    this.name = options.name ?? 'a0';
    this.base = `/var/walb/${this.name}`;
    const thin = options.thin ?? false;
    this.store = new SimVolumeStore({
      name: `${this.name}/volumes`,
      random: site.simulation.random,
      thin,
      group: thin ? 'vg1' : 'vg0',
      extentLb: options.extentLb ?? 8192,
      ...(thin ? { pool: 'tp0' } : {}),
      parameters: mediumParameters('ideal', options.physicalBlockBytes ?? 512),
      ...(options.capacityLb === undefined ? {} : { capacityLb: options.capacityLb }),
      ...(options.backgroundSeed === undefined ? {} : { backgroundSeed: options.backgroundSeed }),
      ...(options.commandLatency === undefined ? {} : { commandLatency: options.commandLatency }),
    });
    const files = new SimFileSystem({
      name: `${this.name}/files`,
      random: site.simulation.random,
      parameters: fileSystemParameters(options.profile ?? 'ext4'),
    });
    this.host = site.simulation.addHost(this.name, { volumes: this.store, files });
    this.host.files.seedDirectory(this.base);
    this.options = archiveOptions({
      nodeId: this.name,
      baseDirectory: this.base,
      port: options.port ?? 10200,
      ...options.options,
    });
  }

  /** Starts the server and waits until it answers; returns its process. */
  async start() {
    this.status = new ProcessStatus();
    const { status } = this;
    const process = this.host.spawn('walb-archive', (world) => runArchiveServer(world, this.options, status));
    await this.eventually(
      async () => process.state !== 'running' || (await this.answers()),
      'server must start',
    );
    return process;
  }

  async answers(): Promise<boolean> {
    try {
      return (await this.get('host-type'))[0] === 'archive';
    } catch {
      return false;
    }
  }

  kill(): void {
    this.host.processes.get('walb-archive')?.kill();
  }

  async connect(): Promise<Connection> {
    const address = { host: this.name, port: this.options.port };
    const connection = await this.site.world.network.connect(address, 10 * US_PER_S, 'test.connect');
    connection.setTimeouts(120 * US_PER_S, 120 * US_PER_S);
    return connection;
  }

  async open(protocol: string, clientId = 'ctl'): Promise<Channel> {
    const channel = new Channel(await this.connect());
    await negotiateAsClient(channel, clientId, protocol);
    return channel;
  }

  /** Sends a command; `ok`, `accept` or the error text. Closes behind it. */
  async command(protocol: string, ...words: string[]): Promise<string> {
    const channel = await this.open(protocol);
    await sendWords(channel, words, 'test');
    const reply = withoutTrace(await channel.readString('test.reply'));
    channel.close();
    return reply;
  }

  async get(...words: string[]): Promise<string[]> {
    const channel = await this.open('get');
    const value = await askGet(channel, words);
    channel.close();
    return valueToLines(value);
  }

  async statusLines(...words: string[]): Promise<string[]> {
    const channel = await this.open('status');
    await sendWords(channel, words, 'test');
    const lines = await readLinesReply(channel, 'test');
    channel.close();
    return lines;
  }

  /** An accepted command, until its action has ended. */
  async action(action: string, protocol: string, ...words: string[]): Promise<void> {
    const reply = await this.command(protocol, ...words);
    if (reply !== ACCEPT && reply !== OK) throw new Error(`${protocol} ${words.join(' ')}: ${reply}`);
    await this.eventually(
      async () => (await this.get('num-action', words[0], action))[0] === '0',
      `${action} must end`,
    );
  }

  async eventually(condition: () => Promise<boolean>, what: string, timeoutS = 120): Promise<void> {
    const { simulation } = this.site;
    const deadlineUs = simulation.nowUs + timeoutS * US_PER_S;
    for (let waitUs = FIRST_LOOK_US; !(await condition()); waitUs = Math.min(2 * waitUs, LONGEST_LOOK_US)) {
      if (simulation.nowUs > deadlineUs) throw new Error(`${what}; log:\n${this.site.logText()}`);
      await simulation.sleep(waitUs);
    }
  }

  /** What readers of a block volume see. */
  image(name: string): Uint8Array {
    const info = this.store.inspect().find((volume) => volume.name === name);
    if (info === undefined) throw new Error(`no volume ${name}`);
    return this.store.peek(name, 0, info.sizeLb);
  }

  lvNames(): string[] {
    return this.store.inspect().map(({ name }) => name);
  }

  /** Names of the files of a volume, sorted. */
  files(volId = 'vol0'): string[] {
    const prefix = `${this.base}/${volId}/`;
    return [...this.host.files.tree().keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length));
  }

  file(name: string, volId = 'vol0'): Uint8Array | null {
    return this.host.files.peek(`${this.base}/${volId}/${name}`);
  }

  /** Makes a block volume with content, durable, outside of the server. */
  async seedVolume(
    name: string,
    image: Uint8Array,
    origin: string | null = null,
    writable = true,
  ): Promise<void> {
    let failure: unknown = null;
    const process = this.host.spawn(`seed ${name}`, async (world) => {
      try {
        const step = 'test.seed';
        if (origin === null) await world.volumes.create(name, image.length / 512, step);
        else await world.volumes.snapshot(origin, name, true, step);
        const device = await world.volumes.open(name, 'write', step);
        for (let at = 0; at < image.length; at += 1 << 20) {
          await device.write(at / 512, image.subarray(at, at + (1 << 20)), step);
        }
        await device.flush(step);
        device.close();
        await world.volumes.setWritable(name, writable, step).catch(() => {});
      } catch (error) {
        failure = error;
      }
      return 0;
    });
    await process.exited;
    if (failure !== null) throw failure;
  }

  /** Puts the recorded folder and volumes of a moment there. */
  async seedMoment(moment: string, server = this.name): Promise<void> {
    for (const [path, bytes] of readMomentFiles(moment, server)) {
      this.host.files.seed(path.replace(`/${server}/`, `/${this.name}/`), bytes);
    }
    for (const name of MOMENT_VOLUMES[moment]) {
      const isCold = name.startsWith('wc_');
      await this.seedVolume(name, readMomentImage(moment, name), null, !isCold);
    }
  }
}

const MOMENT_VOLUMES: Readonly<Record<string, readonly string[]>> = {
  'a-full-backup': ['wb_vol0'],
  'b-two-diffs': ['wb_vol0'],
  'c-interrupted-apply': ['wb_vol0'],
  'f-thin-with-cold': ['wb_vol0', 'wc_vol0_2', 'wc_vol0_3', 'wr_vol0_3'],
};

/** Absolute paths and contents of a server's folder at a moment. */
export function readMomentFiles(moment: string, server: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [path, bytes] of readTarGz(join(goldenDir() ?? '', 'base', moment, `${server}.tar.gz`))) {
    const relative = path.slice(path.indexOf(`${server}/`));
    files.set(`/var/walb/${relative}`, bytes);
  }
  return files;
}

export function readMomentImage(moment: string, name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(join(goldenDir() ?? '', 'base', moment, `${name}.img.gz`))));
}

/** The recorded answers at a moment: command words to lines. */
export function readStateTexts(path: string): { command: string[]; lines: string[] }[] {
  const found: { command: string[]; lines: string[] }[] = [];
  for (const line of readFileSync(join(goldenDir() ?? '', path), 'utf8')
    .replace(/\n$/, '')
    .split('\n')) {
    if (line.startsWith('# walbc '))
      found.push({ command: line.slice('# walbc '.length).split(' '), lines: [] });
    else if (!line.startsWith('# ')) found.at(-1)?.lines.push(line);
  }
  return found;
}

/** SHA-256 of the volume at each gid. */
export function readContentHashes(): Map<number, string> {
  const text = readFileSync(join(goldenDir() ?? '', 'state/contents.txt'), 'utf8');
  const hashes = new Map<number, string>();
  for (const line of text.trim().split('\n').slice(1)) {
    const [gid, , hash] = line.split('\t');
    hashes.set(Number(gid), hash);
  }
  return hashes;
}
