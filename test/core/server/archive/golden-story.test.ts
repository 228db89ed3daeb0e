import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { sendPacks } from '../../../../core/protocol/pack-stream.ts';
import { askVirtFullScan } from '../../../../core/protocol/virt-full-scan.ts';
import { readWdiffAck, requestWdiffTransfer } from '../../../../core/protocol/wdiff-transfer.ts';
import { makeDiff } from '../../../../core/snapshot/meta.ts';
import { GoldenCounter, goldenDir, goldenFiles } from '../../../golden.ts';
import { RememberingCodecs, readRecording } from '../../protocol/golden-wire.ts';
import { playServer, readTurns, replay, replayAll, teachPacks } from './golden-replay.ts';
import { readContentHashes, readMomentFiles, readMomentImage, Site, type TestArchive } from './support.ts';

/**
 * The story of the archives a0 and a1 of the golden data, told again to servers of ours: every conversation in its
 * order, the client's bytes as recorded, the server's bytes compared to the last.
 */

/** How the recorded archives treated discards. */
const ZERO = { discardPolicy: 'zero' } as const;

const archiveCounter = new GoldenCounter('wire/archive');
const peerCounter = new GoldenCounter(
  'wire/peer',
  (path) => !/wdiff-transfer|repl-sync3|dirty-|gather|to-a0/.test(path),
);

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Recordings of a folder by number. */
function recordings(folder: string): Map<number, string> {
  return new Map(
    goldenFiles(folder).map((path) => [Number(path.slice(folder.length + 1, folder.length + 4)), path]),
  );
}

class Story {
  readonly archive: TestArchive;
  readonly #archive = recordings('wire/archive');
  readonly #peer = recordings('wire/peer');

  constructor(archive: TestArchive) {
    this.archive = archive;
  }

  /** Commands of the operator, compared byte by byte. */
  async commands(from: number, to = from, except: readonly number[] = []): Promise<void> {
    for (let number = from; number <= to; number++) {
      if (except.includes(number)) continue;
      const path = this.#archive.get(number) as string;
      if (readTurns(path).length === 0) continue;
      const { ours, theirs } = await replay(this.archive, path);
      expect(ours, path).toBe(theirs);
      archiveCounter.check(path);
    }
  }

  /** A command that goes on after its answer. */
  async action(number: number, action: string): Promise<void> {
    await this.commands(number);
    const { archive } = this;
    await archive.eventually(
      async () => (await archive.get('num-action', 'vol0', action))[0] === '0',
      action,
    );
  }

  /** Answers that hold times of the process: the lines without them. */
  async status(number: number): Promise<void> {
    const path = this.#archive.get(number) as string;
    const { stdout, title } = readRecording(path);
    const ours = await this.archive.statusLines(...title.split(' ').slice(2));
    const normal = (lines: readonly string[]) =>
      lines.map((line) => line.replace(/(lastSyncTime|lastWdiffReceivedTime) \S+/g, '$1 TIME'));
    expect(normal(ours), path).toEqual(normal(stdout));
    archiveCounter.check(path);
  }

  /** Conversations of other servers. */
  async peers(...numbers: number[]): Promise<void> {
    for (const number of numbers) {
      const path = this.#peer.get(number) as string;
      for (const { ours, theirs } of await replayAll(this.archive, path)) expect(ours, path).toBe(theirs);
      peerCounter.check(path);
    }
  }

  /** The archive replicates to a recorded one: its bytes are those of the original. */
  async replicates(number: number, ...words: string[]): Promise<void> {
    const { archive } = this;
    const path = this.#peer.get(number) as string;
    const port = 10201 + number;
    await teachPacks(archive.site.codecs, path);
    const played = playServer(archive, path, port);
    const [mode, until, ...options] = words;
    await archive.action('ReplSyncAsClient', 'replicate', 'vol0', mode, until, `client:${port}`, ...options);
    const { ours, theirs } = await played;
    expect(ours, path).toBe(theirs);
    peerCounter.check(path);
  }

  /** A diff that another server of the story got. */
  async feed(number: number): Promise<void> {
    await replayAll(this.archive, this.#peer.get(number) as string);
  }

  /** A diff without content, in the place of one that was not recorded. */
  async feedEmpty(gidB: number, gidE: number): Promise<void> {
    const { archive } = this;
    const channel = await archive.open('wdiff-transfer', 'p0');
    const uuid = archive.file('uuid') as Uint8Array;
    const diff = makeDiff(gidB, gidE, { timestamp: 1_795_385_312 });
    const reply = await requestWdiffTransfer(channel, {
      volId: 'vol0',
      hostType: 'proxy',
      uuid,
      sizeLb: 16384,
      diff,
    });
    expect(reply).toEqual({ kind: 'accept' });
    await sendPacks(channel, []);
    await readWdiffAck(channel);
    channel.close();
  }

  /** Files of the volume are those of a moment, byte by byte. */
  filesAre(moment: string, except: readonly string[] = []): void {
    const { archive } = this;
    const expected = readMomentFiles(moment, archive.name);
    const prefix = `${archive.base}/vol0/`;
    expect(archive.files().sort()).toEqual(
      [...expected.keys()].map((path) => path.slice(prefix.length)).sort(),
    );
    for (const [path, bytes] of expected) {
      const name = path.slice(prefix.length);
      if (except.includes(name)) continue;
      expect(Buffer.compare(archive.file(name) ?? new Uint8Array(), bytes), name).toBe(0);
    }
  }

  contentIs(name: string, gid: number): void {
    expect(sha256(this.archive.image(name)), `${name} at ${gid}`).toBe(readContentHashes().get(gid));
  }

  async restoredIs(gid: number): Promise<void> {
    const { archive } = this;
    await archive.action('Restore', 'restore', 'vol0', String(gid));
    this.contentIs(`wr_vol0_${gid}`, gid);
    expect(await archive.command('del-restored', 'vol0', String(gid))).toBe('ok');
  }

  /** The random part of a full backup is given the recorded value. */
  async adoptArchiveUuid(bytes: Uint8Array): Promise<void> {
    const { archive } = this;
    archive.kill();
    archive.host.files.seed(`${archive.base}/vol0/archive_uuid`, bytes);
    await archive.start();
  }
}

describe('the story of the archives', () => {
  afterAll(() => {
    console.log(archiveCounter.reportAgain());
    console.log(peerCounter.reportAgain());
  });
  if (goldenDir() === null) {
    it('is not checked: golden data absent', () => console.log('golden: data absent, wire not checked'));
    return;
  }
  const lineage = () =>
    readMomentFiles('a-full-backup', 'a0').get('/var/walb/a0/vol0/archive_uuid') as Uint8Array;

  it('a0: from the first command to the resize', async () => {
    const site = new Site({ codecs: new RememberingCodecs() });
    const archive = site.addArchive({ options: ZERO });
    const story = new Story(archive);
    await site.run(async () => {
      await archive.start();
      await story.commands(1, 5);
      await story.peers(2);
      await story.commands(6, 12);
      await story.peers(3);
      await story.adoptArchiveUuid(lineage());
      await story.peers(5);
      story.filesAre('a-full-backup');
      expect(Buffer.compare(archive.image('wb_vol0'), readMomentImage('a-full-backup', 'wb_vol0'))).toBe(0);
      await story.peers(6, 8, 11);
      story.filesAre('b-two-diffs');
      await story.commands(13, 46);
      await story.commands(49);
      await story.status(50);
      await story.status(51);
      await story.action(52, 'Restore');
      story.contentIs('wr_vol0_2', 2);
      await story.commands(53, 55);
      await story.status(56);
      await story.commands(57, 60);
      await story.commands(63, 68);
      for (const gid of [1, 2, 3]) await story.restoredIs(gid);
      const asRecorded = ['0', '0', 'snappy:0:1', '1G', '64K'];
      await story.replicates(14, 'gid', '2', ...asRecorded);
      await story.replicates(15, 'gid', '3', ...asRecorded);
      await story.replicates(16, 'gid', '3', ...asRecorded);
      await story.peers(18);
      await story.commands(87, 90);
      await story.action(91, 'Merge');
      await story.commands(92, 93);
      await story.restoredIs(4);
      await story.action(94, 'Apply');
      story.contentIs('wb_vol0', 4);
      await story.commands(95, 96);
      await story.peers(21);
      await story.replicates(23, 'gid', '5', ...asRecorded);
      await story.replicates(24, 'gid', '5', '1', '0', 'snappy:0:1', '1G', '64K');
      // Another archive takes the recorded image first, so that the codecs have seen it.
      const other = new Story(site.addArchive({ name: 'a1', thin: true, port: 10201, options: ZERO }));
      await other.archive.start();
      expect(await other.archive.command('init-vol', 'vol0')).toBe('ok');
      await other.feed(25);
      await story.replicates(25, 'gid', '5', '1', '0', 'snappy:0:1', '1G', '64K');
      await story.commands(103);
      await archive.eventually(async () => (await archive.get('state', 'vol0'))[0] === 'Stopped', 'stop');
      await story.peers(28, 29);
      await story.status(104);
      await story.commands(105, 106);
      await story.peers(30);
      await story.replicates(31, 'gid', '6', ...asRecorded);
      await story.peers(33, 36, 38);
      await story.commands(107, 108);
      await story.peers(41, 42);
      for (const gid of [5, 6, 7, 10]) await story.restoredIs(gid);
      await story.action(109, 'Resize');
      await story.commands(110, 112);
      await story.peers(44, 46);
      for (const gid of [11, 12]) await story.restoredIs(gid);
    });
  });

  it('a0: from the interrupted apply to the end', async () => {
    const site = new Site({ codecs: new RememberingCodecs() });
    const archive = site.addArchive({ options: ZERO });
    const story = new Story(archive);
    await site.run(async () => {
      await archive.seedMoment('c-interrupted-apply');
      await archive.start();
      await story.commands(113, 114);
      await story.restoredIs(15);
      await story.action(115, 'Apply');
      story.contentIs('wb_vol0', 15);
      await story.commands(116);
      await story.peers(49);
      await story.feedEmpty(16, 17);
      await story.replicates(47, 'gid', '15');
      await story.peers(52, 54);
      await story.commands(120);
      await archive.eventually(async () => (await archive.get('state', 'vol0'))[0] === 'Stopped', 'stop');
      await story.commands(121);
      await story.peers(55, 57, 60, 61, 62, 63, 64, 65, 66, 67, 68, 70, 71, 72, 74, 80, 85, 86);
      await story.commands(127, 130);
      await story.commands(132, 133);
      await archive.eventually(
        async () => (await archive.get('num-action', 'vol0', 'Apply'))[0] === '0',
        'apply',
      );
      await story.commands(135, 137);
      await story.commands(139, 140);
      await story.commands(142, 147, [146]);
      await story.commands(149, 155);
      await archive.eventually(async () => (await archive.get('state', 'vol0'))[0] === 'Stopped', 'stop');
      await story.commands(156, 159);
      expect(archive.lvNames()).toEqual([]);
      expect(archive.files()).toEqual([]);
    });
  });

  it('a1: replicated in full and by diffs, restored, promoted, by hash, resynced, in full again', async () => {
    const site = new Site({ codecs: new RememberingCodecs() });
    const archive = site.addArchive({ name: 'a1', thin: true, port: 10201, options: ZERO });
    const story = new Story(archive);
    await site.run(async () => {
      await archive.start();
      await story.commands(69);
      await story.peers(14, 15, 16);
      await story.commands(73);
      await story.action(74, 'Restore');
      await story.commands(75, 77);
      await story.action(78, 'Restore');
      story.filesAre('f-thin-with-cold');
      for (const name of ['wb_vol0', 'wc_vol0_2', 'wc_vol0_3', 'wr_vol0_3']) {
        expect(Buffer.compare(archive.image(name), readMomentImage('f-thin-with-cold', name)), name).toBe(0);
      }
      await story.status(79);
      await story.commands(80, 81);
      await story.action(82, 'Apply');
      story.contentIs('wb_vol0', 3);
      await story.commands(83, 85);
      await story.peers(23);
      await story.restoredIs(4);
      await story.peers(24);
      story.contentIs('wb_vol0', 4);
      await story.commands(99);
      await archive.eventually(async () => (await archive.get('state', 'vol0'))[0] === 'Stopped', 'stop');
      await story.commands(100);
      await story.peers(25, 31);
      for (const gid of [4, 5, 6]) await story.restoredIs(gid);
      await story.feed(33);
      await story.peers(34, 47);
      await story.commands(118);
    });
  });

  it('a1: diffs without merging, and a resync that was not allowed', async () => {
    const site = new Site({ codecs: new RememberingCodecs() });
    const archive = site.addArchive({ name: 'a1', port: 10201, options: ZERO });
    const story = new Story(archive);
    await site.run(async () => {
      await archive.seedMoment('c-interrupted-apply', 'a0');
      await archive.start();
      await archive.action('Apply', 'apply', 'vol0', '15');
      await story.peers(50);
      story.contentIs('wb_vol0', 15);
      await story.restoredIs(17);
      await story.peers(58);
    });
  });

  it('a snapshot is scanned to its recorded content', async () => {
    const site = new Site();
    const archive = site.addArchive();
    await site.run(async () => {
      await archive.seedMoment('b-two-diffs');
      await archive.start();
      for (const gid of [1, 2, 3]) {
        const channel = await archive.open('virt-full-scan');
        let image = new Uint8Array(0);
        await askVirtFullScan(channel, ['vol0', String(gid), '64K'], {
          bulkLb: 128,
          codecs: archive.site.world.codecs,
          open: async (sizeLb) => {
            image = new Uint8Array(sizeLb * 512);
          },
          writeChunk: async (addressLb, _sizeLb, data) => {
            if (data !== null) image.set(data, addressLb * 512);
          },
          sync: async () => {},
        });
        channel.close();
        expect(sha256(image)).toBe(readContentHashes().get(gid));
      }
    });
  });
});
