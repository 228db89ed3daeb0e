import { describe, expect, it } from 'vitest';
import { packRequests } from '../../../core/device/pack-requests.ts';
import { DEFAULT_START_PARAMS, deviceLimits, type StartParams } from '../../../core/device/params.ts';
import type { Request } from '../../../core/device/request.ts';
import { Fifo } from '../../../core/device/waiting.ts';
import { encodeLogpackHeader } from '../../../core/format/logpack.ts';

const SALT = 0x12345678;

interface Wanted {
  kind?: Request['kind'];
  at?: number;
  size?: number;
  flush?: boolean;
  fua?: boolean;
  text?: string;
}

function request(wanted: Wanted): Request {
  const kind = wanted.kind ?? 'write';
  const sizeLb = kind === 'flush' ? 0 : (wanted.size ?? 1);
  const data = new Uint8Array(kind === 'write' ? sizeLb * 512 : 0);
  const text = wanted.text ?? 'x';
  for (let i = 0; i < data.length; i++) data[i] = text.charCodeAt(i % text.length);
  return {
    kind,
    addressLb: wanted.at ?? 0,
    sizeLb,
    data,
    flush: wanted.flush ?? kind === 'flush',
    fua: wanted.fua ?? false,
    heldBytes: data.length,
    checksum: null,
    lsid: -1,
    endLsid: -1,
    settle: () => {},
  };
}

function pack(
  wanted: Wanted[],
  options: { pbs?: number; ring?: number; begin?: number; params?: Partial<StartParams> } = {},
) {
  const queue = new Fifo<Request>();
  for (const one of wanted) queue.push(request(one));
  const pbs = options.pbs ?? 512;
  const params = { ...DEFAULT_START_PARAMS, maxLogpackKb: 0, ...options.params };
  const place = {
    physicalBlockBytes: pbs,
    salt: SALT,
    ringSizePb: options.ring ?? 1000,
    beginLsid: options.begin ?? 0,
  };
  const packs = packRequests(queue, place, deviceLimits(params, pbs));
  return { packs, left: queue.length };
}

/** `lsid:` and the records, for instance `0: w@8+3#1 p+3#4 d@9+9#4`; the number after `#` is the lsid. */
function show(packs: ReturnType<typeof pack>['packs']): string[] {
  return packs.map((one) => {
    if (one.header === null) return `${one.logpackLsid}: flush`;
    const records = one.header.records.map((r) => {
      const at = r.kind === 'padding' ? 'p' : `${r.kind === 'normal' ? 'w' : 'd'}@${r.offsetLb}`;
      return `${at}+${r.sizeLb}#${r.lsid}`;
    });
    return `${one.logpackLsid}: ${records.join(' ')} > ${one.nextLsid}`;
  });
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

describe('packing', () => {
  it('makes the header of the worked example at the end of the ring, byte for byte', () => {
    const { packs } = pack([{ at: 16, size: 4, text: 'WXYZ' }], { ring: 118, begin: 114 });
    expect(show(packs)).toEqual(['114: p+3#115 w@16+4#118 > 122']);
    const header = packs[0].header;
    expect(header).not.toBe(null);
    if (header === null) return;
    const expected =
      '80aca8b2030007007200000000000000' +
      '02000100000000000000000003000000' +
      '00000000000000000300000001000000' +
      '730000000000000088fb1a3b01000000' +
      '10000000000000000400000004000000' +
      '7600000000000000';
    expect(hex(encodeLogpackHeader(header, 512, SALT))).toBe(expected.padEnd(1024, '0'));
  });

  it('opens a new pack for the 16th record of 512-byte blocks and the 128th of 4096-byte blocks', () => {
    const of = (pbs: number, n: number) =>
      pack(
        Array.from({ length: n }, () => ({})),
        { pbs },
      ).packs.map((one) => one.requests.length);
    expect(of(512, 16)).toEqual([15, 1]);
    expect(of(4096, 128)).toEqual([127, 1]);
  });

  it('gives discards no room: a pack of discards takes one block', () => {
    const { packs } = pack([
      { kind: 'discard', at: 1, size: 5000 },
      { kind: 'discard', at: 2 },
      { at: 3 },
      { kind: 'discard', at: 4 },
    ]);
    expect(show(packs)).toEqual(['0: d@1+5000#1 d@2+1#1 w@3+1#1 d@4+1#2 > 2']);
    expect(show(pack([{ kind: 'discard', at: 1 }]).packs)).toEqual(['0: d@1+1#1 > 1']);
  });

  it('begins a pack with a write that carries a flush, and puts a flush alone into one that takes no room', () => {
    const { packs } = pack([
      { at: 1 },
      { at: 2, flush: true },
      { at: 3 },
      { kind: 'flush' },
      { kind: 'flush' },
      { at: 4 },
    ]);
    expect(show(packs)).toEqual([
      '0: w@1+1#1 > 2',
      '2: w@2+1#3 w@3+1#4 > 5',
      '5: flush',
      '5: flush',
      '5: w@4+1#6 > 7',
    ]);
  });

  it('ends a pack at the size limit, which one large write may pass alone and discards do not count for', () => {
    const params = { maxLogpackKb: 2 };
    const { packs } = pack(
      [{ size: 3 }, { size: 1 }, { kind: 'discard' }, { size: 1 }, { size: 9 }, { size: 1 }],
      { params },
    );
    expect(packs.map((one) => one.header?.records.length)).toEqual([3, 1, 1, 1]);
  });

  it('rounds an IO up to whole physical blocks', () => {
    expect(show(pack([{ size: 1 }, { size: 9 }, { size: 8 }], { pbs: 4096 }).packs)).toEqual([
      '0: w@0+1#1 w@0+9#2 w@0+8#4 > 5',
    ]);
  });

  it.each([
    ['an IO that ends just at the end of the ring', 100, 95, 4, ['95: w@0+4#96 > 100']],
    ['an IO of one block more', 100, 95, 5, ['95: p+4#96 w@0+5#100 > 105']],
    ['a header in the last block', 100, 99, 5, ['99: w@0+5#100 > 105']],
  ])('at the end of the ring: %s', (_name, ring, begin, size, expected) => {
    expect(show(pack([{ size }], { ring, begin }).packs)).toEqual(expected);
  });

  it('leaves padding last in a pack whose table is full then', () => {
    const wanted = [...Array.from({ length: 14 }, () => ({ kind: 'discard' as const })), { size: 5 }];
    const { packs } = pack(wanted, { ring: 100, begin: 95 });
    expect(packs.map((one) => one.header?.records.length)).toEqual([15, 1]);
    expect(packs[0].header?.records[14]).toMatchObject({ kind: 'padding', sizeLb: 4 });
    expect(packs[1].logpackLsid).toBe(100);
    expect(packs[1].requests[0].lsid).toBe(101);
  });

  it('takes no more at once than the ring holds', () => {
    const { packs, left } = pack([{ size: 6 }, { size: 5 }, { size: 1 }], { ring: 10 });
    expect(show(packs)).toEqual(['0: w@0+6#1 > 7']);
    expect(left).toBe(2);
  });

  it('sends padding ahead when it does not fit into the ring together with its IO', () => {
    const { packs, left } = pack([{ size: 6 }], { ring: 10, begin: 5 });
    expect(show(packs)).toEqual(['5: p+4#6 > 10']);
    expect(left).toBe(1);
    expect(show(pack([{ size: 6 }], { ring: 10, begin: 10 }).packs)).toEqual(['10: w@0+6#11 > 17']);
  });

  it('takes as many packs and IOs as one step may', () => {
    const five = Array.from({ length: 5 }, () => ({ flush: true }));
    expect(pack(five, { params: { packBulk: 2 } })).toMatchObject({ left: 3 });
    expect(pack(five, { params: { ioBulk: 4 } })).toMatchObject({ left: 1 });
  });

  it('computes the checksum over exactly the IO, with the salt', () => {
    const { packs } = pack([{ size: 3, text: 'ABCD' }], { pbs: 4096 });
    expect(packs[0].header?.records[0].checksum).toBe(0x88e84808);
  });
});

describe('start parameters', () => {
  const bad: Partial<StartParams>[] = [
    { maxPendingMb: 1 },
    { maxPendingMb: 16385 },
    { minPendingMb: 0 },
    { minPendingMb: 32 },
    { queueStopTimeoutMs: 0 },
    { logFlushIntervalMb: 17 },
    { packBulk: 0 },
    { ioBulk: 0 },
    { maxLogpackKb: -1 },
    { maxLogpackKb: 0.5 },
  ];
  it.each(bad)('%o are refused', (params) => {
    expect(() => deviceLimits({ ...DEFAULT_START_PARAMS, ...params }, 512)).toThrow('invalid start param.');
  });

  it('are computed without wrapping at 32 bits', () => {
    const large = { ...DEFAULT_START_PARAMS, maxPendingMb: 16384, maxLogpackKb: 0xffff_ffff };
    expect(deviceLimits(large, 512)).toMatchObject({ maxPendingLb: 16384 * 2048, maxLogpackPb: 65535 });
    const noInterval = { ...DEFAULT_START_PARAMS, logFlushIntervalMs: 0 };
    expect(deviceLimits(noInterval, 512)).toMatchObject({ flushIntervalUs: 0, flushIntervalPb: 0 });
  });
});
