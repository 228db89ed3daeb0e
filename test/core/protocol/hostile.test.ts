import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packPieces } from '../../../core/engine/pack-image.ts';
import { AbortedError, FormatError, IoError, ProtocolError, TimeoutError } from '../../../core/errors.ts';
import { Writer } from '../../../core/format/serializer.ts';
import { Channel, LIMITS } from '../../../core/protocol/channel.ts';
import { receiveWords } from '../../../core/protocol/command.ts';
import { receiveImage, sendImage } from '../../../core/protocol/full-sync-stream.ts';
import { receiveDifferences, sendDifferences } from '../../../core/protocol/hash-sync-stream.ts';
import { receivePacks } from '../../../core/protocol/pack-stream.ts';
import { compressPack, packIos } from '../../../core/protocol/packs.ts';
import { receiveLogPacks, sendLogPack } from '../../../core/protocol/wlog-transfer.ts';
import { makeSnap, makeState } from '../../../core/snapshot/meta.ts';
import { codecs, type Dialogue, image, logPack, UUID } from './dialogue-kit.ts';
import { DIALOGUES } from './dialogues.ts';
import { concat, dice, errorOf, pipe, scripted, settleBoth } from './pipe.ts';

/** Peers that say nonsense: the other side ends, with a named error, soon and without much memory. */

const SNAPPY = { type: 'snappy', level: 0, cpuCount: 1 } as const;

/** What may come of nonsense. Anything else (a TypeError, a RangeError) is a fault of ours. */
function expectNamedError(error: unknown): void {
  const named = [FormatError, ProtocolError, AbortedError, IoError, TimeoutError];
  if (!named.some((type) => error instanceof type)) throw error;
}

async function hear(side: (channel: Channel) => Promise<unknown>, bytes: Uint8Array): Promise<void> {
  const channel = new Channel(scripted(bytes).connection);
  const [outcome] = await settleBoth([side(channel)]);
  const error = errorOf(outcome);
  if (error !== undefined) expectNamedError(error);
}

/** Everything that each side says when all goes well. */
async function recorded(dialogue: Dialogue): Promise<{ client: Uint8Array; server: Uint8Array }> {
  const both = pipe();
  await settleBoth([dialogue.client(new Channel(both.client)), dialogue.server(new Channel(both.server))]);
  return { client: both.clientBytes(), server: both.serverBytes() };
}

describe.each(DIALOGUES)('nonsense: $name', (dialogue) => {
  it('any bytes end both sides', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await hear(dialogue.client, bytes);
        await hear(dialogue.server, bytes);
      }),
      { numRuns: 60 },
    );
  });

  it('a changed, lost or added byte ends both sides', async () => {
    const said = await recorded(dialogue);
    const change = fc.record({
      at: fc.nat(),
      how: fc.constantFrom('change', 'remove', 'insert'),
      value: fc.nat({ max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, how, value }) => {
        await hear(dialogue.client, changed(said.server, at, how, value));
        await hear(dialogue.server, changed(said.client, at, how, value));
      }),
      { numRuns: 150 },
    );
  });
});

function changed(bytes: Uint8Array, anywhere: number, how: string, value: number): Uint8Array {
  const at = anywhere % bytes.length;
  const middle = how === 'remove' ? [] : how === 'change' ? [value] : [value, bytes[at]];
  return concat([bytes.subarray(0, at), Uint8Array.from(middle), bytes.subarray(at + 1)]);
}

/** A channel to a peer that says what `write` puts. */
function from(write: (w: Writer) => void): Channel {
  const w = new Writer();
  write(w);
  return new Channel(scripted(w.finish()).connection);
}

describe('sizes that a peer claims', () => {
  it('a text or list is refused before it is read', async () => {
    const text = from((w) => w.u64(2 ** 40));
    await expect(text.readString('a.step')).rejects.toThrow(
      /at most 65536 bytes.*got 1099511627776.*a\.step/,
    );
    const list = from((w) => w.u64(LIMITS.listCount + 1));
    await expect(list.readStrings('a.step')).rejects.toThrow(/at most 1048576 texts/);
    const huge = from((w) => w.u64(null));
    await expect(huge.readString('a.step')).rejects.toThrow(FormatError);
  });

  it('the elements of a list are bounded together', async () => {
    const element = 'x'.repeat(LIMITS.textBytes);
    const count = LIMITS.listBytes / LIMITS.textBytes + 1;
    const list = from((w) => w.strings(Array.from({ length: count }, () => element)));
    await expect(list.readStrings('a.step')).rejects.toThrow(/at most 16777216 bytes/);
  });

  it('a chunk larger than twice its data and some is refused', async () => {
    const target = { plan: { startLb: 0, sizeLb: 8, bulkLb: 8 }, compression: SNAPPY, codecs };
    const ask = (sizeBytes: number) =>
      receiveImage(
        from((w) => w.u64(sizeBytes)),
        { ...target, writeChunk: async () => {} },
      );
    await expect(ask(2 * 4096 + 4096 + 1)).rejects.toThrow(/at most 12288 bytes is expected, got 12289/);
    await expect(ask(2 * 4096 + 4096)).rejects.toThrow(/stream:read/);
  });

  it.each([4095, 4096 + 32 * 1024 * 1024 + 1])('a pack of %d bytes is refused', async (sizeBytes) => {
    const channel = from((w) => {
      w.u8(0);
      w.u64(sizeBytes);
    });
    await expect(receivePacks(channel, null, async () => {})).rejects.toThrow(/too large pack size/);
  });
});

const BLOCK = { kind: 'normal', compression: 'none', checksum: 0 } as const;

async function packBytes(addresses: readonly number[]): Promise<Uint8Array> {
  const ios = addresses.map((addressLb) => ({ ...BLOCK, addressLb, sizeLb: 1, data: image([7]) }));
  const pack = await compressPack(ios, SNAPPY, codecs);
  return concat(packPieces(pack));
}

function putPack(w: Writer, pack: Uint8Array): void {
  w.u8(0);
  w.u64(pack.length);
  w.raw(pack);
}

describe('streams that are wrong inside', () => {
  it('packs may not go back, nor beyond the volume, nor end where a file ends', async () => {
    const first = await packBytes([5, 6]);
    const second = await packBytes([6]);
    const receive = (limitLb: number, ...packs: Uint8Array[]) =>
      receivePacks(
        from((w) => packs.forEach((pack) => void putPack(w, pack))),
        limitLb,
        async () => {},
      );
    await expect(receive(100, first, second)).rejects.toThrow('packs must not go back: 7 was reached, got 6');
    await expect(receive(6, first)).rejects.toThrow('the volume ends at 6, a record at 7');
    const { END_PACK } = await import('../../../core/format/sorted-wdiff.ts');
    await expect(receive(100, END_PACK)).rejects.toThrow(/end pack of a file/);
  });

  it('a pack of another size than its header says is refused', async () => {
    const pack = await packBytes([5]);
    const channel = from((w) => {
      w.u8(0);
      w.u64(pack.length + 1);
      w.raw(pack);
      w.u8(0);
    });
    await expect(receivePacks(channel, null, async () => {})).rejects.toThrow(/invalid pack size/);
  });

  it('a damaged chunk of an image is refused', async () => {
    const none = { type: 'none', level: 0, cpuCount: 1 } as const;
    const channel = from((w) => {
      w.u64(512);
      w.u32(12345);
      w.raw(image([1]));
    });
    const plan = { startLb: 0, sizeLb: 1, bulkLb: 1 };
    const receiving = receiveImage(channel, { plan, compression: none, codecs, writeChunk: async () => {} });
    await expect(receiving).rejects.toThrow('the chunk at 0 must have checksum 12345');
  });

  it('another number than the Ack is refused', async () => {
    const channel = from((w) => w.u32(0x626c6178));
    await expect(channel.readAck('a.step')).rejects.toThrow('could not receive an acknowledgement message');
  });

  it('a damaged pack is refused', async () => {
    const pack = await packBytes([5]);
    pack[pack.length - 1] ^= 1;
    const channel = from((w) => putPack(w, pack));
    await expect(receivePacks(channel, null, async () => {})).rejects.toThrow(/invalid checksum/);
  });

  it.each([2, 3])('control byte %d does not end packs', async (control) => {
    const channel = from((w) => w.u8(control));
    await expect(receivePacks(channel, null, async () => {})).rejects.toThrow(`bad ctrl not end:${control}`);
  });

  it.each([2, 3])('control byte %d does not end a log', async (control) => {
    const channel = from((w) => w.u8(control));
    const request = { physicalBlockBytes: 512, salt: 1 };
    await expect(receiveLogPacks(channel, request, codecs).next()).rejects.toThrow(ProtocolError);
  });

  const old = { plan: { sizeLb: 4, bulkLb: 2, seed: 1 }, readChunk: async () => image([1, 1]) };

  it('a client that ends before it compared all is refused', async () => {
    const channel = from((w) => w.raw(Uint8Array.of(3, 1)));
    await expect(receiveDifferences(channel, { ...old, onPack: async () => {} })).rejects.toThrow(
      /the client ended after 1 of 2 chunks|hashes were sent/,
    );
  });

  it('a client that answers what was not asked is refused', async () => {
    const channel = from((w) => w.raw(Uint8Array.of(3, 3, 3, 3)));
    await expect(receiveDifferences(channel, { ...old, onPack: async () => {} })).rejects.toThrow(
      /hashes were sent, the client read/,
    );
  });

  it.each([
    [[1], 'no next but remainingLb is not zero:2'],
    [[2], 'no next but remainingLb is not zero:2'],
    [[0, ...new Array(16).fill(0), 0, ...new Array(16).fill(0)], 'has next but remainingLb is zero'],
    [[0, ...new Array(16).fill(0), 2], 'the server could not read its image'],
    [[0, ...new Array(16).fill(0), 3], 'the server could not read its image'],
  ])('a server of hashes that says %j is refused', async (bytes, text) => {
    const channel = from((w) => w.raw(Uint8Array.from(bytes)));
    const plan = { sizeLb: 2, bulkLb: 2, seed: 1 };
    const truth = { plan, compression: SNAPPY, codecs, readChunk: async () => image([1, 1]) };
    await expect(sendDifferences(channel, truth)).rejects.toThrow(text);
  });
});

describe('what goes wrong on our own side', () => {
  it('a server that cannot read its image says so, and both end', async () => {
    const both = pipe();
    const plan = { sizeLb: 8, bulkLb: 2, seed: 1 };
    const client = new Channel(both.client);
    const sending = sendDifferences(client, {
      plan,
      compression: SNAPPY,
      codecs,
      readChunk: async () => image([1, 1]),
    });
    sending.catch(() => client.close());
    const receiving = receiveDifferences(new Channel(both.server), {
      plan,
      readChunk: async (addressLb) => {
        if (addressLb === 4) throw new IoError('EIO', 'bad disk');
        return image([1, 1]);
      },
      onPack: async () => {},
    });
    const [client_, server_] = await settleBoth([sending, receiving]);
    expectNamedError(errorOf(client_));
    expect(errorOf(server_)).toMatchObject({ message: 'bad disk' });
  });

  it('a stream that is told to stop throws AbortedError and waits for nobody', async () => {
    const both = pipe();
    let asked = 0;
    const receiving = receiveDifferences(new Channel(both.server), {
      plan: { sizeLb: 800, bulkLb: 2, seed: 1 },
      readChunk: async () => image([1, 1]),
      onPack: async () => {},
      shouldStop: () => ++asked > 20,
    });
    const [outcome] = await settleBoth([receiving]);
    expect(errorOf(outcome)).toBeInstanceOf(AbortedError);
  });

  it('closing a channel ends the call that waits for it', async () => {
    const both = pipe();
    const channel = new Channel(both.client);
    const reading = channel.readU8('a.step');
    channel.close();
    await expect(reading).rejects.toThrow(AbortedError);
    await expect(channel.flush('a.step')).resolves.toBeUndefined();
    channel.putAck();
    await expect(channel.flush('a.step')).rejects.toThrow(AbortedError);
  });

  it('a control byte is waited for up to four time limits', async () => {
    for (const [limits, ok] of [
      [3, true],
      [4, false],
    ] as const) {
      let reads = 0;
      const script = scripted(Uint8Array.of(1));
      const connection = {
        ...script.connection,
        read: async () => {
          if (reads++ < limits) throw new TimeoutError('nothing came');
          return script.connection.read(1, '');
        },
      };
      const reading = new Channel(connection).readControl('a.step');
      if (ok) expect(await reading).toBe(1);
      else await expect(reading).rejects.toThrow(TimeoutError);
    }
  });

  it('an error text reaches a client that has said more than was read', async () => {
    const both = pipe();
    const client = new Channel(both.client);
    client.out.strings(['a']);
    client.out.raw(new Uint8Array(200_000));
    await client.flush('a.step');
    const server = new Channel(both.server);
    const failing = receiveWords(server, 'who', 2).catch((error) => server.fail(error.message, 'a.step'));
    // The client reads late, when a server that does not wait would be gone.
    const reading = new Promise((resolve) => setImmediate(resolve))
      .then(() => client.readString('a.step'))
      .finally(() => client.close());
    const [text] = await settleBoth([reading, failing]);
    expect(text).toEqual({ value: 'who:bad size:2:1' });
  });

  it('a server that spoke last takes a byte for an error, and the end for the end', async () => {
    const finish = (channel: Channel) => {
      channel.putAck();
      return channel.finish('a.step');
    };
    await finish(from(() => {}));
    await expect(finish(from((w) => w.u8(0)))).rejects.toThrow('Socket:waitForClose:readSome:bad size:1');
  });

  it('an image of which the server says a start behind its end is refused', async () => {
    const { offerFull } = await import('../../../core/protocol/repl-full.ts');
    const offer = { sizeLb: 9, bulkLb: 2, base: makeState(makeSnap(3)), uuid: UUID, compression: SNAPPY };
    const answer = (startLb: number) =>
      offerFull(
        from((w) => {
          w.string('ok');
          w.u64(startLb);
        }),
        offer,
      );
    expect(await answer(9)).toBe(9);
    await expect(answer(10)).rejects.toThrow(/a start of at most 9 is expected, got 10/);
  });

  it('an image that cannot be sent is no longer read when the sender returns', async () => {
    const script = scripted(new Uint8Array(0));
    const lost = new IoError('ECONNRESET', 'lost');
    const channel = new Channel({ ...script.connection, write: () => Promise.reject(lost) });
    let release = () => {};
    let isRead = false;
    const plan = { startLb: 0, sizeLb: 40, bulkLb: 2 };
    const sending = sendImage(channel, {
      plan,
      compression: SNAPPY,
      codecs,
      readChunk: async (addressLb) => {
        // The second batch is read while the first one is sent.
        if (addressLb === 6) await new Promise<void>((resolve) => (release = resolve));
        isRead = addressLb >= 6;
        return image([1, 1]);
      },
    });
    const returned = sending.then(
      () => null,
      (error) => ({ error, isRead }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    release();
    expect(await returned).toEqual({ error: lost, isRead: true });
  });

  it('a pack of a log that is nothing but an empty padding is not told', async () => {
    const both = pipe();
    const channel = new Channel(both.client);
    const padding = { kind: 'padding', checksum: 0, offsetLb: 0, sizeLb: 0, lsidLocal: 1, lsid: 11 } as const;
    const header = { checksum: 0, totalIoSizePb: 0, logpackLsid: 10, paddingCount: 1, records: [padding] };
    const request = { physicalBlockBytes: 512, salt: 0 };
    await sendLogPack(channel, { header, headerBlock: new Uint8Array(512), data: [null] }, request, codecs);
    expect(both.clientBytes().length).toBe(0);
    // Beside others it is left out, and the rest is a valid pack.
    const pack = logPack();
    const records = [...pack.header.records, { ...padding, lsidLocal: 5, lsid: 1005 }];
    const mixed = { ...pack, header: { ...pack.header, records }, data: [...pack.data, null] };
    await sendLogPack(channel, mixed, { physicalBlockBytes: 512, salt: 0x12345678 }, codecs);
    channel.out.u8(1);
    await channel.flush('a.step');
    const received: unknown[] = [];
    const server = new Channel(both.server);
    const salted = { physicalBlockBytes: 512, salt: 0x12345678 };
    for await (const each of receiveLogPacks(server, salted, codecs)) received.push(each.header.records);
    expect(received).toEqual([pack.header.records]);
  });

  it('data that snappy does not make smaller are stored', async () => {
    const next = dice(1);
    const noise = Uint8Array.from({ length: 512 }, () => next(256));
    const pack = await compressPack([{ ...BLOCK, addressLb: 0, sizeLb: 1, data: noise }], SNAPPY, codecs);
    expect(pack.ios[0]).toMatchObject({ compression: 'none', data: noise });
  });

  it('packs are divided at 127 records', async () => {
    const ios = Array.from({ length: 200 }, (_, i) => ({
      ...BLOCK,
      addressLb: i,
      sizeLb: 1,
      data: image([i & 255]),
    }));
    const counts: number[] = [];
    for await (const pack of packIos(ios, SNAPPY, codecs)) counts.push(pack.ios.length);
    expect(counts).toEqual([127, 73]);
  });
});
