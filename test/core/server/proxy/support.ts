import { memoryReader } from '../../../../core/engine/memory-stream.ts';
import { openWdiff } from '../../../../core/engine/open-wdiff.ts';
import { storedIo } from '../../../../core/engine/pack-image.ts';
import { checksum } from '../../../../core/format/checksum.ts';
import { encodeLogpackHeader } from '../../../../core/format/logpack.ts';
import { LogpackBuilder } from '../../../../core/format/logpack-builder.ts';
import { type Uuid, uuidFromText } from '../../../../core/format/uuid.ts';
import type { WdiffIo } from '../../../../core/format/wdiff-record.ts';
import { askArchiveInfo } from '../../../../core/protocol/archive-info.ts';
import type { Channel } from '../../../../core/protocol/channel.ts';
import { receivePacks } from '../../../../core/protocol/pack-stream.ts';
import {
  acceptWdiff,
  finishWdiff,
  receiveWdiffRequest,
  rejectWdiff,
  type WdiffRequest,
} from '../../../../core/protocol/wdiff-transfer.ts';
import {
  finishWlogTransfer,
  type LogPack,
  requestWlogTransfer,
  sendLogPack,
  type WlogRequest,
} from '../../../../core/protocol/wlog-transfer.ts';
import { type ProxyOptions, proxyOptions } from '../../../../core/server/proxy/options.ts';
import { runProxyServer } from '../../../../core/server/proxy/server.ts';
import { ProcessStatus } from '../../../../core/server/shared/process-status.ts';
import { type HostInfoForBkp, hostInfoFromWords } from '../../../../core/snapshot/host-info.ts';
import { makeDiff } from '../../../../core/snapshot/meta.ts';
import type { SimFileSystem } from '../../../../sim/file-system.ts';
import type { SimHost } from '../../../../sim/host.ts';
import type { SimProcess } from '../../../../sim/process.ts';
import { Client, codecs, filesOf, Site, spawnPeer } from '../kit.ts';

export { filesOf, Site };

export const UUID = uuidFromText('0123456789abcdef0123456789abcdef');
export const OTHER_UUID = uuidFromText('fedcba9876543210fedcba9876543210');
export const T0 = 1_700_000_000;
const SALT = 0x1234_5678;

/** What an archive of a test was offered. */
export interface OfferedDiff {
  readonly request: WdiffRequest;
  readonly atS: number;
  readonly reply: string;
  ios: WdiffIo[];
}

/** An archive that answers diffs as a test wants, and remembers. */
export class FakeArchive {
  readonly offered: OfferedDiff[] = [];
  /** The answer to the n-th offer, from 0. */
  reply: (request: WdiffRequest, n: number) => string = () => 'accept';
  at: (point: 'offered' | 'accepted' | 'received' | 'acked') => Promise<void> = async () => {};
  readonly host: SimHost;
  readonly site: Site;
  readonly name: string;
  readonly port: number;

  constructor(site: Site, name = 'a0', port = 10_200) {
    this.site = site;
    this.name = name;
    this.port = port;
    this.host = site.simulation.addHost(name);
    this.start();
  }

  start(): void {
    spawnPeer(this.host, this.name, 'archive', this.port, {
      'wdiff-transfer': async ({ channel }) => {
        const request = await receiveWdiffRequest(channel);
        const reply = this.reply(request, this.offered.length);
        const offer: OfferedDiff = { request, atS: this.site.nowS, reply, ios: [] };
        this.offered.push(offer);
        await this.at('offered');
        if (reply !== 'accept') {
          await rejectWdiff(channel, reply);
          return;
        }
        await acceptWdiff(channel);
        await this.at('accepted');
        await receivePacks(channel, null, async ({ records, data }) => {
          // Copies: the bytes belong to the channel.
          for (const record of records) {
            const { dataOffsetBytes: at, dataSizeBytes } = record;
            offer.ios.push(storedIo(record, data.slice(at, at + dataSizeBytes)));
          }
        });
        await this.at('received');
        await finishWdiff(channel);
        await this.at('acked');
      },
    });
  }

  kill(): void {
    this.host.processes.get(this.name)?.kill();
  }

  /** `B-E` of each offer, with M when mergeable. */
  ranges(): string[] {
    return this.offered.map(({ request: { diff } }) => {
      const flag = diff.isMergeable ? ' M' : '';
      return `${diff.snapB.gidB}-${diff.snapE.gidB}${flag}`;
    });
  }

  /** Seconds between offers, rounded. */
  gaps(): number[] {
    return this.offered.slice(1).map(({ atS }, i) => Math.round(atS - (this.offered[i]?.atS ?? 0)));
  }
}

export interface TestProxyOptions {
  readonly options?: Partial<ProxyOptions>;
  readonly files?: (site: Site) => SimFileSystem;
}

export interface WlogOptions {
  readonly isMergeable?: boolean;
  readonly timestamp?: number;
  readonly uuid?: Uuid;
  readonly volSizeLb?: number;
  readonly maxLogSizePb?: number;
  /** First block of each IO; each writes one block. */
  readonly addressesLb?: readonly number[];
  readonly byte?: number;
  readonly at?: (point: 'accepted' | 'packs' | 'diff', channel: Channel) => Promise<void>;
  readonly spoil?: (pack: LogPack) => LogPack;
  readonly volId?: string;
}

/** A proxy `p0` and its operator, who plays the storage too. */
export class TestProxy extends Client {
  readonly host: SimHost;
  readonly options: ProxyOptions;
  readonly base = '/var/walb/p0';
  processStatus = new ProcessStatus();

  constructor(site: Site, made: TestProxyOptions = {}) {
    super(site, { host: 'p0', port: 10_100 });
    this.host = site.simulation.addHost('p0', made.files === undefined ? {} : { files: made.files(site) });
    this.host.files.seedDirectory('/var/walb');
    this.options = proxyOptions({ nodeId: 'p0', port: 10_100, baseDirectory: this.base, ...made.options });
  }

  async start(): Promise<SimProcess> {
    this.processStatus = new ProcessStatus();
    const status = this.processStatus;
    const process = this.host.spawn('walb-proxy', (world) => runProxyServer(world, this.options, status));
    await this.site.eventually(
      async () => process.state !== 'running' || (await this.answers()),
      'the proxy must answer',
    );
    return process;
  }

  kill(): void {
    this.host.processes.get('walb-proxy')?.kill();
  }

  async restart(): Promise<void> {
    this.kill();
    await this.start();
  }

  /** `archive-info` with settings as words; the error text, or `ok`. */
  async archiveInfo(
    action: 'add' | 'update' | 'get' | 'delete' | 'list',
    archiveName: string | null,
    words: readonly string[] = [],
    volId = 'vol0',
  ): Promise<string | string[] | HostInfoForBkp> {
    const channel = await this.open('archive-info');
    try {
      const info = words.length === 0 ? null : hostInfoFromWords(words);
      return (await askArchiveInfo(channel, { action, volId, archiveName, info })) ?? 'ok';
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return text.replace(/^c2pArchiveInfoClient:not ok:/, '');
    } finally {
      channel.close();
    }
  }

  /** A started volume with archives. */
  async begin(names: readonly string[] = ['a0'], words: readonly string[] = []): Promise<void> {
    await this.start();
    for (const [i, name] of names.entries()) {
      const added = await this.archiveInfo('add', name, [`${name}:${10_200 + i}`, ...words]);
      if (added !== 'ok') throw new Error(String(added));
    }
    await this.must('start', 'vol0');
  }

  /** Sends a wlog as a storage does: null when it was acknowledged, else why not. */
  async sendWlog(gidB: number, gidE: number, options: WlogOptions = {}): Promise<string | null> {
    const { isMergeable = true, timestamp = T0 + gidE, addressesLb = [gidB * 8], byte = gidE } = options;
    let channel: Channel;
    try {
      channel = await this.open('wlog-transfer', 's0', 60);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    try {
      const request: WlogRequest = {
        volId: options.volId ?? 'vol0',
        uuid: options.uuid ?? UUID,
        physicalBlockBytes: 512,
        salt: SALT,
        volSizeLb: options.volSizeLb ?? 2048,
        maxLogSizePb: options.maxLogSizePb ?? addressesLb.length + 1,
      };
      const refusal = await requestWlogTransfer(channel, request);
      if (refusal !== null) return refusal;
      await options.at?.('accepted', channel);
      const pack = makePack(addressesLb, byte);
      if (pack !== null) await sendLogPack(channel, options.spoil?.(pack) ?? pack, request, codecs);
      await options.at?.('packs', channel);
      await finishWlogTransfer(channel, makeDiff(gidB, gidE, { isMergeable, timestamp }));
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      channel.close();
    }
  }

  /** Names of files below the volume's directory. */
  files(volId = 'vol0'): string[] {
    const prefix = `${this.base}/${volId}/`;
    return [...this.host.files.tree().entries()]
      .filter(([path, entry]) => path.startsWith(prefix) && entry.kind === 'file')
      .map(([path]) => path.slice(prefix.length));
  }

  /** What waits for an archive. */
  waiting(name = 'a0'): string[] {
    return this.files()
      .filter((path) => path.startsWith(`sendto/${name}/`))
      .map((path) => path.slice(`sendto/${name}/`.length));
  }

  async isSendError(name = 'a0'): Promise<boolean> {
    return (await this.get('is-wdiff-send-error', 'vol0', name))[0] === '1';
  }
}

/** What is there when a story begins. */
export interface Setting {
  readonly site: Site;
  readonly proxy: TestProxy;
  readonly archive: FakeArchive;
}

export interface SettingOptions extends TestProxyOptions {
  /** What the archive answers to each diff (default: it accepts them); a story may change it. */
  readonly reply?: string;
  /** The archive is down until the story starts it. */
  readonly isAway?: boolean;
  /** How the proxy sends to the archive: compression and delay, as words. */
  readonly words?: readonly string[];
}

/** Tells the story of a proxy whose volume `vol0` is started and sent to the archive `a0`. */
export async function withVolume(
  setting: SettingOptions,
  story: (setting: Setting) => Promise<void>,
): Promise<void> {
  const { reply = 'accept', isAway = false, words = [], ...made } = setting;
  const site = new Site();
  const archive = new FakeArchive(site);
  const proxy = new TestProxy(site, made);
  archive.reply = () => reply;
  if (isAway) archive.kill();
  await site.run(async () => {
    await proxy.begin(['a0'], words);
    await story({ site, proxy, archive });
  });
}

/** Tells the story of a proxy that has no volume yet, and of no archive. */
export async function withProxy(
  made: TestProxyOptions,
  story: (setting: Omit<Setting, 'archive'>) => Promise<void>,
): Promise<void> {
  const site = new Site();
  const proxy = new TestProxy(site, made);
  await site.run(async () => {
    await proxy.start();
    await story({ site, proxy });
  });
}

/** One pack of one-block writes; null for none. */
export function makePack(addressesLb: readonly number[], byte: number): LogPack | null {
  if (addressesLb.length === 0) return null;
  const builder = new LogpackBuilder(512, 0);
  const data: (Uint8Array | null)[] = [];
  for (const addressLb of addressesLb) {
    const block = new Uint8Array(512).fill(byte);
    builder.addNormal(addressLb, 1, checksum(block, SALT));
    data.push(block);
  }
  const header = builder.header();
  return { header, headerBlock: encodeLogpackHeader(header, 512, SALT), data };
}

/** Addresses and first bytes of what an archive got, decompressed. */
export async function contentOf(offer: OfferedDiff): Promise<string[]> {
  const found: string[] = [];
  for (const io of offer.ios) {
    if (io.kind !== 'normal') {
      found.push(`${io.addressLb}+${io.sizeLb} ${io.kind}`);
      continue;
    }
    const [data] =
      io.compression === 'none'
        ? [io.data]
        : await codecs.run([
            { kind: 'decompress', type: io.compression, sizeBytes: io.sizeLb * 512, data: io.data },
          ]);
    found.push(`${io.addressLb}+${io.sizeLb}=${data?.[0]}`);
  }
  return found;
}

/** Opens a file of the proxy as a wdiff. */
export function openFile(proxy: TestProxy, path: string) {
  const bytes = proxy.host.files.peek(`${proxy.base}/vol0/${path}`);
  if (bytes === null) throw new Error(`there is no ${path}`);
  return openWdiff(memoryReader(bytes), codecs);
}
