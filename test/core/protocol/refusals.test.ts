import { describe, expect, it } from 'vitest';
import { Writer } from '../../../core/format/serializer.ts';
import { receiveBackupRequest, requestBackup } from '../../../core/protocol/backup-parts.ts';
import { Channel } from '../../../core/protocol/channel.ts';
import { readCompressed } from '../../../core/protocol/compressed-data.ts';
import { sendImage } from '../../../core/protocol/full-sync-stream.ts';
import {
  askLatestSnaps,
  giveUpGathering,
  receiveGatherRequest,
} from '../../../core/protocol/gather-latest-snap.ts';
import { requestReplication, sayKind, sayLineage } from '../../../core/protocol/repl-sync.ts';
import { askVirtFullScan } from '../../../core/protocol/virt-full-scan.ts';
import { receiveWdiffRequest, requestWdiffTransfer } from '../../../core/protocol/wdiff-transfer.ts';
import {
  receiveLogPacks,
  receiveWlogRequest,
  requestWlogTransfer,
} from '../../../core/protocol/wlog-transfer.ts';
import { makeDiff } from '../../../core/snapshot/meta.ts';
import { codecs, image, logPack, UUID } from './dialogue-kit.ts';
import { pipe, scripted, settleBoth } from './pipe.ts';

/** Values that decode well and are refused all the same, one by one. */

const SNAPPY = { type: 'snappy', level: 0, cpuCount: 1 } as const;

function from(write: (w: Writer) => void): Channel {
  const w = new Writer();
  write(w);
  return new Channel(scripted(w.finish()).connection);
}

/** What a server hears of a client that says `speak` and then is cut. */
async function heard<T>(
  speak: (channel: Channel) => Promise<unknown>,
  hear: (channel: Channel) => Promise<T>,
): Promise<T> {
  const script = scripted(new Uint8Array(0));
  await speak(new Channel(script.connection)).catch(() => {});
  return hear(new Channel(scripted(script.sent()).connection));
}

describe('requests', () => {
  const backup = { volId: 'vol0', sizeLb: 9, timestamp: 1, bulkLb: 2, compression: SNAPPY };

  it.each([
    [{ ...backup, volId: '../x' }, 'bad volId format'],
    [{ ...backup, sizeLb: 0 }, 'backupServer:sizeLb is zero'],
    [{ ...backup, bulkLb: 0 }, 'backupServer:bulkLb is zero'],
    [{ ...backup, bulkLb: 8193 }, 'backupServer:too large bulkLb:8192:8193'],
  ])('backup %#', async (request, text) => {
    const hearing = heard((client) => requestBackup(client, request), receiveBackupRequest);
    await expect(hearing).rejects.toThrow(text);
  });

  it('a backup from another host than a storage', async () => {
    const channel = from((w) => {
      w.string('proxy');
      w.string('vol0');
      for (const value of [9, 1, 2]) w.u64(value);
      w.raw(Uint8Array.of(2, 0, 1));
    });
    await expect(receiveBackupRequest(channel)).rejects.toThrow('backupServer:invalid hostType:proxy');
  });

  const wlog = {
    volId: 'v',
    uuid: UUID,
    physicalBlockBytes: 512,
    salt: 1,
    volSizeLb: 8,
    maxLogSizePb: 1,
  };

  it.each([0, 511, 1024, 8192])('a log of %d-byte blocks', async (physicalBlockBytes) => {
    const request = { ...wlog, physicalBlockBytes };
    const hearing = heard((client) => requestWlogTransfer(client, request), receiveWlogRequest);
    await expect(hearing).rejects.toThrow('s2pWlogTransferServer:bad pbs');
  });

  it('volume ids that are paths', async () => {
    const request = { ...wlog, volId: '../v' };
    const log = heard((client) => requestWlogTransfer(client, request), receiveWlogRequest);
    await expect(log).rejects.toThrow('bad volId format');
    const offer = { volId: '../v', hostType: 'proxy', uuid: UUID, sizeLb: 8, diff: makeDiff(0, 1) } as const;
    const diff = heard((client) => requestWdiffTransfer(client, offer), receiveWdiffRequest);
    await expect(diff).rejects.toThrow('bad volId format');
  });
});

describe('answers', () => {
  it('latest snapshots of other volumes or of another number', async () => {
    const answer = (volume: string, count: number) =>
      from((w) => {
        w.string('accept');
        w.u64(count);
        w.string(volume);
        for (const value of [1, 2, null]) w.u64(value);
        w.string('ok');
      });
    expect(await askLatestSnaps(answer('v', 1), ['v'])).toHaveLength(1);
    await expect(askLatestSnaps(answer('w', 1), ['v'])).rejects.toThrow('v is expected, got w');
    await expect(askLatestSnaps(answer('v', 2), ['v'])).rejects.toThrow('1 snapshots are expected, got 2');
  });

  it('a client that could not gather says why', async () => {
    const hearing = heard((client) => giveUpGathering(client, 'no such device'), receiveGatherRequest);
    await expect(hearing).rejects.toThrow('gatherLatestSnapServer:no such device');
  });

  it('a resync that was not allowed', async () => {
    const lineage = { archiveUuid: UUID, doResync: false };
    const both = pipe();
    const [said, heardKind] = await settleBoth([
      sayKind(new Channel(both.server), 'resync'),
      sayLineage(new Channel(both.client), lineage),
    ]);
    expect(said).toEqual({ value: undefined });
    expect(heardKind).toMatchObject({
      error: { message: 'c2aReplSyncClient:resync is required but not allowed' },
    });
  });

  it('a refused replication has the text of the server alone', async () => {
    const channel = from((w) => w.string('c2aReplicateServer:bad state:Clear\n<<<STACKTRACE>>> 0x1'));
    await expect(requestReplication(channel, 'v')).rejects.toThrow(/^c2aReplicateServer:bad state:Clear$/);
  });
});

describe('data', () => {
  it('compressed data of another size, or not smaller', async () => {
    const data = (compressedBytes: number, sizeBytes: number) =>
      from((w) => {
        w.u32(compressedBytes);
        w.u32(sizeBytes);
        w.raw(new Uint8Array(2000));
      });
    expect((await readCompressed(data(0, 512), 512, 's')).bytes).toHaveLength(512);
    expect((await readCompressed(data(511, 512), 512, 's')).bytes).toHaveLength(511);
    await expect(readCompressed(data(0, 1024), 512, 's')).rejects.toThrow(
      'data of 512 bytes are expected, got 1024',
    );
    await expect(readCompressed(data(512, 512), 512, 's')).rejects.toThrow(
      'must be smaller than 512, got 512',
    );
  });

  it('damaged data of a log', async () => {
    const pack = logPack();
    const channel = from((w) => {
      for (const block of [pack.headerBlock, image([3, 4]), image([0]), image([8])]) {
        w.u8(0);
        w.u32(0);
        w.u32(block.length);
        w.raw(block);
      }
    });
    const request = { physicalBlockBytes: 512, salt: 0x12345678 };
    await expect(receiveLogPacks(channel, request, codecs).next()).rejects.toThrow(
      'WlogReceiver:popIo:invalid checksum: the data of lsid 1001 are damaged',
    );
  });

  it('a chunk reader that returns another size', async () => {
    const channel = new Channel(scripted(new Uint8Array(0)).connection);
    const plan = { startLb: 0, sizeLb: 4, bulkLb: 2 };
    const sending = sendImage(channel, {
      plan,
      compression: SNAPPY,
      codecs,
      readChunk: async () => image([1]),
    });
    await expect(sending).rejects.toThrow('a chunk of 2 blocks was asked for, 512 bytes were read');
  });
});

describe('virt-full-scan', () => {
  const scan = async (write: (w: Writer) => void) => {
    const events: string[] = [];
    const w = new Writer();
    w.string('accept');
    w.u64(2);
    write(w);
    const script = scripted(w.finish());
    const asking = askVirtFullScan(new Channel(script.connection), ['v', '1'], {
      bulkLb: 2,
      codecs,
      open: async (sizeLb) => void events.push(`open ${sizeLb}`),
      writeChunk: async (addressLb, sizeLb, data) => void events.push(`${addressLb}+${sizeLb} ${data}`),
      sync: async () => void events.push(`sync before ${script.sent().length}`),
    });
    return { asking, events, sent: () => script.sent() };
  };

  it('makes the image durable before it says so', async () => {
    const { asking, events, sent } = await scan((w) => {
      w.raw(Uint8Array.of(0, 0, 1));
      w.string('ok');
    });
    expect(await asking).toBe(2);
    const words = 5;
    expect(events).toEqual(['open 2', '0+2 null', `sync before ${words}`]);
    expect(sent().length).toBe(words + 5);
  });

  it.each([
    [[2], 'the server gave up at 0'],
    [[1], 'a chunk at 0 is expected, got control 1'],
    [[0, 0, 2], 'the end is expected, got control 2'],
    [[0, 0, 0], 'the end is expected, got control 0'],
  ])('%j is refused', async (bytes, text) => {
    const { asking } = await scan((w) => w.raw(Uint8Array.from(bytes)));
    await expect(asking).rejects.toThrow(text);
  });

  it('a chunk larger than snappy makes is refused', async () => {
    const most = 32 + 1024 + Math.floor(1024 / 6);
    const ask = async (sizeBytes: number) =>
      (
        await scan((w) => {
          w.u8(0);
          w.u64(sizeBytes);
        })
      ).asking;
    await expect(ask(most)).rejects.toThrow('stream:read');
    await expect(ask(most + 1)).rejects.toThrow(`a chunk of at most ${most} bytes is expected`);
  });
});
