import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IndexedWdiffWriter } from '../../../core/engine/indexed-wdiff-writer.ts';
import { SNAPPY } from '../../../core/engine/io-codec.ts';
import { MemorySink } from '../../../core/engine/memory-stream.ts';
import { decodePackImage } from '../../../core/engine/pack-image.ts';
import { uuidToText } from '../../../core/format/uuid.ts';
import { Channel } from '../../../core/protocol/channel.ts';
import { negotiateAsServer } from '../../../core/protocol/negotiation.ts';
import { receivePacks } from '../../../core/protocol/pack-stream.ts';
import { receiveWdiffRequest, type WdiffRequest } from '../../../core/protocol/wdiff-transfer.ts';
import { wdiffFileName } from '../../../core/snapshot/wdiff-name.ts';
import { nativeCodecPool } from '../../../native/codecs.ts';
import { readRecording } from '../../core/protocol/golden-wire.ts';
import { scripted } from '../../core/protocol/pipe.ts';
import { goldenDir } from '../../golden.ts';
import { readTarGz } from '../../tar.ts';
import { RealArchive } from './archive-kit.ts';
import { Folder, type RunResult, run, sha256 } from './kit.ts';
import { makeWlog } from './log-kit.ts';

/**
 * wdiff-send against an archive server of ours on a TCP port, which begins with what the original archive had on its
 * disks behind a full backup, and hears what the original proxy sent next.
 */

const folder = new Folder();
const MOMENT = 'base/a-full-backup';

/** What a proxy sent: who it is, its request, and the packs as they stood on the wire. */
interface Said {
  readonly clientId: string | undefined;
  readonly request: WdiffRequest;
  readonly packsHex: string;
}

async function readSaid(bytes: Uint8Array): Promise<Said> {
  const script = scripted(bytes);
  let count = 0;
  // Byte by byte, so that nothing behind the request is read with it.
  const read = async (_maxBytes: number, step: string) => {
    count++;
    return await script.connection.read(1, step);
  };
  const channel = new Channel({ ...script.connection, read });
  const negotiated = await negotiateAsServer(channel, 'a0', (protocol) => protocol === 'wdiff-transfer');
  const request = await receiveWdiffRequest(channel);
  return {
    clientId: negotiated?.clientId,
    request,
    packsHex: Buffer.from(bytes.subarray(count)).toString('hex'),
  };
}

/** A recorded request and its diff, as a file of the name that proxies give it. */
interface Recorded {
  readonly said: Said;
  readonly path: string;
}

async function readRecorded(name: string): Promise<Recorded> {
  const said = await readSaid(readRecording(`wire/peer/${name}.txt`).exchanges[0].client);
  const { request, packsHex } = said;
  const codecs = await nativeCodecPool();
  const sink = new MemorySink();
  const writer = await IndexedWdiffWriter.open(sink, request.uuid, { compression: SNAPPY, pool: codecs });
  const channel = new Channel(scripted(Uint8Array.from(Buffer.from(packsHex, 'hex'))).connection);
  await receivePacks(channel, request.sizeLb, async ({ header, data }) => {
    for (const io of decodePackImage(Buffer.concat([header, data])).ios) {
      const { addressLb, sizeLb, kind, compression } = io;
      const job = { kind: 'decompress', type: compression, sizeBytes: sizeLb * 512, data: io.data } as const;
      const plain = kind === 'normal' ? (await codecs.run([job]))[0] : io.data;
      await writer.add({ addressLb, sizeLb, kind, data: plain });
    }
  });
  await writer.close();
  return { said, path: folder.write(wdiffFileName(request.diff), sink.bytes) };
}

/** Sends it as the proxy did, or with options and words changed. */
function send(
  archive: RealArchive,
  { said, path }: Recorded,
  options: readonly string[] = [],
  { volId = said.request.volId, sizeLb = said.request.sizeLb }: Partial<WdiffRequest> = {},
): Promise<RunResult> {
  const words = ['127.0.0.1', String(archive.port), volId, String(sizeLb * 512), path];
  return run('wdiff-send', ['-node', 'p0', ...options, ...words]);
}

/** The content of the volume by gid. */
function recordedContents(): Map<number, string> {
  const text = readFileSync(join(goldenDir() ?? '', 'state/contents.txt'), 'utf8');
  const lines = text.split('\n').map((line) => line.split('\t'));
  return new Map(lines.map(([gid, , hash]) => [Number(gid), hash]));
}

async function startArchive(name: string): Promise<RealArchive> {
  const root = goldenDir() ?? '';
  const files = [...readTarGz(join(root, MOMENT, 'a0.tar.gz'))].map(
    ([path, bytes]) => [path.slice(path.indexOf('a0/') + 3), bytes] as const,
  );
  const image = gunzipSync(readFileSync(join(root, MOMENT, 'wb_vol0.img.gz')));
  return await RealArchive.start(folder.path(name), new Map(files), new Map([['wb_vol0', image]]));
}

if (goldenDir() === null) {
  it('has no recordings to check against', () => {
    console.log('golden: data absent, wdiff-send not checked');
  });
} else {
  describe('wdiff-send and an archive with the state of an original', testWithArchive);
}

function testWithArchive(): void {
  let archive: RealArchive;
  let first: Recorded;
  let second: Recorded;

  beforeAll(async () => {
    archive = await startArchive('archive');
    first = await readRecorded('008-wdiff-transfer-first-diff');
    second = await readRecorded('011-wdiff-transfer-second-diff');
  });
  afterAll(() => archive.stop());

  /** What the last client with a diff said. */
  const lastSaid = async () => {
    const all = archive.heard.map(({ bytes }) => Buffer.from(bytes));
    return await readSaid(
      all.filter((bytes) => bytes.includes('wdiff-transfer')).at(-1) ?? new Uint8Array(0),
    );
  };

  it('is refused with the words that originals were recorded to use', async () => {
    const expectWord = async (
      word: string,
      ...how: Parameters<typeof send> extends [unknown, ...infer Rest] ? Rest : never
    ) => {
      const [recorded, options = [], changes = {}] = how;
      const expected = await send(archive, recorded, ['-msg', word, ...options], changes);
      expect([expected.status, expected.err]).toEqual([0, '']);
      const { status, err } = await send(archive, recorded, options, changes);
      expect([status, err.slice(24)]).toEqual([1, `ERROR wdiff-send:bad response:${word}:accept expected\n`]);
    };
    const said = (g0: number, g1: number) =>
      ['-g0', `${g0}`, '-g1', `${g1}`, '-merge', '0', '-time', '20140513165320'] as const;
    await expectWord('too-new-diff', second);
    await expectWord('too-old-diff', first, said(0, 1));
    await expectWord('different-uuid', first, ['-uuid', '0'.repeat(32)]);
    await expectWord('smaller-lv-size', first, [], { sizeLb: 8200 });
    await expectWord('p2aWdiffTransferServer:bad state:Clear', first, [], { volId: 'nothing' });
    expect((await archive.get('restorable', 'vol0')).length).toBe(1);
  });

  it('says what the original proxy said, and the snapshots have their recorded content', async () => {
    const contents = recordedContents();
    expect(sha256(await archive.imageAt('vol0', 1))).toBe(contents.get(1));
    for (const [gid, recorded] of [[2, first] as const, [3, second] as const]) {
      const result = await send(archive, recorded);
      expect([result.status, result.out, result.err]).toEqual([0, '', '']);
      // The size of the file is another, since the proxy had made it of other pieces.
      const { clientId, request, packsHex } = await lastSaid();
      const { dataSizeBytes } = recorded.said.request.diff;
      expect({ clientId, request: { ...request, diff: { ...request.diff, dataSizeBytes } } }).toEqual({
        clientId: recorded.said.clientId,
        request: recorded.said.request,
      });
      expect(packsHex).toBe(recorded.said.packsHex);
      expect(sha256(await archive.imageAt('vol0', gid))).toBe(contents.get(gid));
    }
    expect((await archive.get('restorable', 'vol0')).length).toBe(3);
  });

  it('says so when the archive drops a diff that it had accepted', async () => {
    const wlog = await makeWlog([[{ write: 9000, sizeLb: 8, byte: 1 }]]);
    const wdiff = folder.write('behind.wdiff', (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout);
    const { uuid } = first.said.request;
    const said = [
      '-g0',
      '3',
      '-g1',
      '4',
      '-merge',
      '0',
      '-time',
      '20240101000000',
      '-uuid',
      uuidToText(uuid),
    ];
    const { status, err } = await send(archive, { said: first.said, path: wdiff }, said);
    expect([status, err.slice(24)]).toEqual([
      1,
      expect.stringMatching(/^ERROR wdiff-send:the archive accepted the diff and gave it up, .*\n$/),
    ]);
    expect((await archive.get('restorable', 'vol0')).length).toBe(3);
  });
}
