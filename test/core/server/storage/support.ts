import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { WalbDevice } from '../../../../core/device/index.ts';
import {
  ackLogUuid,
  finishSync,
  receiveBackupRequest,
  receiveLogUuid,
  receiveSyncedSnap,
  refuseBackup,
} from '../../../../core/protocol/backup-parts.ts';
import { acceptFullSync, ackImage } from '../../../../core/protocol/dirty-full-sync.ts';
import { acceptHashSync, hashSeedOf } from '../../../../core/protocol/dirty-hash-sync.ts';
import { receiveImage } from '../../../../core/protocol/full-sync-stream.ts';
import { receiveDifferences } from '../../../../core/protocol/hash-sync-stream.ts';
import {
  acceptWlog,
  finishWlog,
  receiveLogPacks,
  receiveWlogDiff,
  receiveWlogRequest,
  refuseWlog,
  type WlogRequest,
} from '../../../../core/protocol/wlog-transfer.ts';
import { ProcessStatus } from '../../../../core/server/shared/process-status.ts';
import { type StorageOptions, storageOptions } from '../../../../core/server/storage/options.ts';
import { runStorageServer } from '../../../../core/server/storage/server.ts';
import { type MetaDiff, makeSnap } from '../../../../core/snapshot/meta.ts';
import type { BlockDevice } from '../../../../core/world/index.ts';
import { walbDevicesOf } from '../../../../sim/device-host.ts';
import type { SimFileSystem } from '../../../../sim/file-system.ts';
import type { SimHost } from '../../../../sim/host.ts';
import type { SimProcess } from '../../../../sim/process.ts';
import { goldenDir } from '../../../golden.ts';
import { Client, codecs, type Site, spawnPeer } from '../kit.ts';

export { filesOf, Site } from '../kit.ts';

/** What a proxy of a test got. */
export interface ReceivedWlog {
  readonly request: WlogRequest;
  readonly atS: number;
  readonly packs: { lsid: number; sizePb: number }[];
  readonly diff: MetaDiff;
}

/** A proxy that says what a test wants, and remembers. */
export class FakeProxy {
  readonly received: ReceivedWlog[] = [];
  /** Times at which a transfer was asked for. */
  readonly asked: number[] = [];
  readonly beats: number[] = [];
  /** Text instead of `accept`. */
  refusal: string | null = null;
  /** Awaited at points of the conversation. */
  at: (point: 'asked' | 'pack' | 'diff' | 'acked', request: WlogRequest) => Promise<void> = async () => {};
  readonly host: SimHost;
  readonly name: string;
  readonly site: Site;

  constructor(site: Site, name = 'p0', port = 10_100, host: SimHost = site.simulation.addHost(name)) {
    this.site = site;
    this.name = name;
    this.host = host;
    this.port = port;
    this.start();
  }

  readonly port: number;

  start(): void {
    spawnPeer(this.host, this.name, 'proxy', this.port, {
      'wlog-transfer': async ({ channel }) => {
        const request = await receiveWlogRequest(channel);
        this.asked.push(this.site.nowS);
        await this.at('asked', request);
        if (this.refusal !== null) {
          await refuseWlog(channel, this.refusal);
          return;
        }
        await acceptWlog(channel);
        const packs: { lsid: number; sizePb: number }[] = [];
        for await (const { header } of receiveLogPacks(channel, request, codecs)) {
          packs.push({ lsid: header.logpackLsid ?? -1, sizePb: header.totalIoSizePb + 1 });
          await this.at('pack', request);
        }
        const diff = await receiveWlogDiff(channel);
        await this.at('diff', request);
        this.received.push({ request, atS: this.site.nowS, packs, diff });
        await finishWlog(channel);
        await this.at('acked', request);
      },
    });
  }

  kill(): void {
    this.host.processes.get(this.name)?.kill();
  }

  diffs(): string[] {
    return this.received.map(({ diff }) => diffText(diff));
  }
}

export function diffText(diff: MetaDiff): string {
  return `${diff.snapB.gidB}-${diff.snapE.gidB}${diff.isMergeable ? ' M' : ''}`;
}

/** An archive that takes full and hash backups. */
export class FakeArchive {
  refusal: string | null = null;
  readonly snaps: string[] = [];
  latestGid = 0;
  at: (point: 'accepted' | 'uuid' | 'image' | 'snap') => Promise<void> = async () => {};

  constructor(site: Site, name = 'a0', port = 10_200, host: SimHost = site.simulation.addHost(name)) {
    const backup =
      (kind: 'full' | 'hash'): Parameters<typeof spawnPeer>[4][string] =>
      async ({ channel }) => {
        const request = await receiveBackupRequest(channel);
        if (this.refusal !== null) {
          await refuseBackup(channel, this.refusal);
          return;
        }
        await (kind === 'full' ? acceptFullSync(channel) : acceptHashSync(channel, makeSnap(this.latestGid)));
        await this.at('accepted');
        await receiveLogUuid(channel);
        await ackLogUuid(channel);
        await this.at('uuid');
        const { sizeLb, bulkLb, compression, timestamp } = request;
        if (kind === 'full') {
          const plan = { startLb: 0, sizeLb, bulkLb };
          await receiveImage(channel, { plan, compression, codecs, writeChunk: async () => {} });
        } else {
          await receiveDifferences(channel, {
            plan: { sizeLb, bulkLb, seed: hashSeedOf(timestamp) },
            readChunk: async (_addressLb, chunkLb) => new Uint8Array(chunkLb * 512),
            onPack: async () => {},
          });
        }
        await this.at('image');
        if (kind === 'full') await ackImage(channel);
        const snap = await receiveSyncedSnap(channel);
        this.snaps.push(`${snap.gidB},${snap.gidE}`);
        await this.at('snap');
        await finishSync(channel);
      };
    spawnPeer(host, name, 'archive', port, {
      'dirty-full-sync3': backup('full'),
      'dirty-hash-sync2': backup('hash'),
    });
  }
}

export interface TestStorageOptions {
  readonly options?: Partial<StorageOptions>;
  readonly deviceLb?: number;
  readonly logLb?: number;
  readonly files?: (site: Site) => SimFileSystem;
  /** How often the device's positions are written back; default at once on request only. */
  readonly checkpointIntervalMs?: number;
}

/** A storage server `s0` with one walb device `/dev/walb/0`, and its operator. */
export class TestStorage extends Client {
  readonly host: SimHost;
  readonly options: StorageOptions;
  readonly base = '/var/walb/s0';
  readonly made: TestStorageOptions;
  status_ = new ProcessStatus();
  #device: BlockDevice | null = null;
  readonly #writers = new Set<(error: Error) => void>();

  constructor(site: Site, made: TestStorageOptions = {}) {
    super(site, { host: 's0', port: 10_000 });
    this.made = made;
    this.host = site.simulation.addHost('s0', made.files === undefined ? {} : { files: made.files(site) });
    this.host.files.seedDirectory('/var/walb');
    this.options = storageOptions({
      nodeId: 's0',
      port: 10_000,
      baseDirectory: this.base,
      archive: { host: 'a0', port: 10_200 },
      proxies: [{ host: 'p0', port: 10_100 }],
      ...made.options,
    });
  }

  async makeDevice(name = '0'): Promise<WalbDevice> {
    const { deviceLb = 8192, logLb = 8192, checkpointIntervalMs = 1000 } = this.made;
    this.host.addDisk(`log${name}`, { sizeLb: logLb });
    this.host.addDisk(`data${name}`, { sizeLb: deviceLb });
    return walbDevicesOf(this.host).createWalbDevice({
      name,
      logDisk: `log${name}`,
      dataDisk: `data${name}`,
      checkpointIntervalMs,
    });
  }

  walb(name = '0'): Promise<WalbDevice> {
    return walbDevicesOf(this.host).running(`/dev/walb/${name}`);
  }

  async lsids(name = '0') {
    return (await this.walb(name)).lsids();
  }

  /** Writes as an application does: one log pack for each call, when they are awaited one by one. */
  async write(addressLb: number, sizeLb: number, byte = 1): Promise<void> {
    const data = new Uint8Array(sizeLb * 512).fill(byte);
    const device = await this.#openDevice();
    let fail = (_error: Error) => {};
    const died = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    this.#writers.add(fail);
    try {
      await Promise.race([device.write(addressLb, data, 'test.write'), died]);
    } finally {
      this.#writers.delete(fail);
    }
  }

  /** The device as the application opened it; the application is started again with its host. */
  async #openDevice(): Promise<BlockDevice> {
    if (this.#device === null && !this.host.processes.has('application')) {
      this.host.spawn('application', async (world) => {
        this.#device = await world.devices.openDevice('/dev/walb/0', 'test.application');
        return new Promise<number>(() => {});
      });
    }
    const app = this.host.processes.get('application');
    void app?.exited.then(() => {
      this.#device = null;
      for (const fail of this.#writers) fail(new Error('the application has died'));
    });
    while (this.#device === null) await this.site.sleep(0.001);
    return this.#device;
  }

  async start(): Promise<SimProcess> {
    this.status_ = new ProcessStatus();
    const status = this.status_;
    const process = this.host.spawn('walb-storage', (world) => runStorageServer(world, this.options, status));
    await this.site.eventually(
      async () => process.state !== 'running' || (await this.answers()),
      'the storage must answer',
    );
    return process;
  }

  kill(): void {
    this.host.processes.get('walb-storage')?.kill();
  }

  async restart(): Promise<void> {
    this.kill();
    await this.start();
  }

  /** A volume in state SyncReady on a running server. */
  async begin(): Promise<void> {
    await this.makeDevice();
    await this.start();
    await this.must('init-vol', 'vol0', '/dev/walb/0');
  }

  /** From SyncReady to Target by a full backup. */
  async becomeTarget(): Promise<void> {
    await this.must('full-bkp', 'vol0');
    await this.waitForState('Target');
  }

  /** `done` as status tells it: lsid, gid, mergeable. */
  async done(): Promise<string> {
    return positionText((await this.positions()).done);
  }

  async queue(): Promise<string[]> {
    return (await this.positions()).queue.map(positionText);
  }

  async positions(): Promise<{ done: string; queue: string[] }> {
    const lines = await this.status('vol0');
    const at = lines.indexOf('-----DoneFile-----');
    return { done: lines[at + 1] as string, queue: lines.slice(at + 3) };
  }

  async snapshot(): Promise<number> {
    const channel = await this.open('snapshot');
    try {
      channel.out.strings(['vol0']);
      await channel.flush('test.snapshot');
      const reply = await channel.readString('test.snapshot');
      if (reply !== 'ok') throw new Error(reply);
      return await channel.readNumber('test.snapshot');
    } finally {
      channel.close();
    }
  }

  /** Overwrites what a volume was told, while no server runs: `done` and the log's uuid. */
  peek(name: string): Uint8Array | null {
    return this.host.files.peek(`${this.base}/vol0/${name}`);
  }
}

function positionText(line: string): string {
  const found = /isMergeable (\d) lsid (\d+) gid (\d+)$/.exec(line);
  if (found === null) throw new Error(`not a position: ${line}`);
  return `lsid ${found[2]} gid ${found[3]}${found[1] === '1' ? ' M' : ''}`;
}

/** A recorded disk image. */
export function readImage(moment: string, name: string): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(join(goldenDir() ?? '', 'base', moment, `${name}.img.gz`))));
}
