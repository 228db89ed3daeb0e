import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { hexOf } from '../../../core/format/binary.ts';
import { decodeVarint, Reader, varintPayloadBytes, Writer } from '../../../core/format/serializer.ts';
import { hexBytes, u32, u53, valueOrFormatError } from './format-kit.ts';

function written(write: (writer: Writer) => void): string {
  const writer = new Writer();
  write(writer);
  expect(writer.finish().length).toBe(writer.sizeBytes);
  return hexOf(writer.finish());
}

/** The encoder's table, followed literally with arbitrary precision. */
function tableEncoding(value: bigint, width: 4 | 8): string {
  const bits = width * 8;
  const pattern = BigInt.asUintN(bits, value);
  const fits = (size: number, signed: boolean) => {
    const cut = signed ? BigInt.asIntN(size, pattern) : BigInt.asUintN(size, pattern);
    return BigInt.asUintN(bits, cut) === pattern;
  };
  const bytes = (n: number) => {
    let text = '';
    for (let i = 0; i < n; i++) text += ((pattern >> BigInt(8 * i)) & 255n).toString(16).padStart(2, '0');
    return text;
  };
  const low = Number(pattern & 255n);
  if (fits(8, true)) return low >= 0x80 && low <= 0x87 ? `84${bytes(1)}` : bytes(1);
  if (fits(8, false)) return `80${bytes(1)}`;
  if (fits(16, false)) return `81${bytes(2)}`;
  if (fits(16, true)) return `85${bytes(2)}`;
  if (fits(32, false)) return `82${bytes(4)}`;
  if (fits(32, true)) return `86${bytes(4)}`;
  return `83${bytes(8)}`;
}

describe('variable-length integers', () => {
  it.each<[number | null, string]>([
    [0, '00'],
    [127, '7f'],
    [128, '8080'],
    [135, '8087'],
    [200, '80c8'],
    [255, '80ff'],
    [256, '810001'],
    [65535, '81ffff'],
    [65536, '8200000100'],
    [1704067200, '8280009265'],
    [1400000000, '82004e7253'],
    [4294967295, '82ffffffff'],
    [4294967296, '830000000001000000'],
    [Number.MAX_SAFE_INTEGER, '83ffffffffffff1f00'],
    [null, 'ff'],
  ])('u64 %s is %s', (value, hex) => {
    expect(written((w) => w.u64(value))).toBe(hex);
    expect(new Reader(hexBytes(hex)).u64()).toBe(value);
  });

  it.each([
    [0xffffffff, 'ff'],
    [0xfffffff0, 'f0'],
    [0xffffff88, '88'],
    [0xffffff87, '8487'],
    [0xffffff80, '8480'],
    [0xffffff7f, '857fff'],
    [0xffff8000, '850080'],
    [0xffff7fff, '82ff7fffff'],
    [0x80000000, '8200000080'],
    [0x626c6177, '8277616c62'],
    [128, '8080'],
    [1, '01'],
  ])('u32 %s is %s', (value, hex) => {
    expect(written((w) => w.u32(value))).toBe(hex);
    expect(new Reader(hexBytes(hex)).u32()).toBe(value);
  });

  it.each([
    [-1, 'ff'],
    [-120, '88'],
    [-121, '8487'],
    [-128, '8480'],
    [-129, '857fff'],
    [-32768, '850080'],
    [-32769, '82ff7fffff'],
    [-2147483648, '8200000080'],
    [127, '7f'],
    [128, '8080'],
    [2147483647, '82ffffff7f'],
  ])('i32 %s is %s', (value, hex) => {
    expect(written((w) => w.i32(value))).toBe(hex);
    expect(new Reader(hexBytes(hex)).i32()).toBe(value);
  });

  it('follow the table of the encoder', () => {
    fc.assert(
      fc.property(u53, u32, fc.integer(), (a, b, c) => {
        expect(written((w) => w.u64(a))).toBe(tableEncoding(BigInt(a), 8));
        expect(written((w) => w.u32(b))).toBe(tableEncoding(BigInt(b), 4));
        expect(written((w) => w.i32(c))).toBe(tableEncoding(BigInt(c), 4));
      }),
      { numRuns: 500 },
    );
    // Every small value, where the rows of the table meet.
    for (let v = 0; v <= 70000; v += v < 300 ? 1 : 37) {
      expect(written((w) => w.u64(v))).toBe(tableEncoding(BigInt(v), 8));
    }
    for (let v = -70000; v <= 0; v += v > -300 ? 1 : 37) {
      expect(written((w) => w.i32(v))).toBe(tableEncoding(BigInt(v), 4));
    }
  });

  it.each([
    ['810500', 5],
    ['8005', 5],
    ['8205000000', 5],
    ['830500000000000000', 5],
    ['870500000000000000', 5],
    ['84ff', null],
    ['85ffff', null],
    ['86ffffffff', null],
    ['83ffffffffffffffff', null],
    ['87ffffffffffffffff', null],
    ['847f', 127],
    ['85ff7f', 32767],
    ['86ffffff7f', 2147483647],
  ])('read the longer form %s', (hex, value) => {
    expect(new Reader(hexBytes(hex)).u64()).toBe(value);
  });

  it.each(['fe', '88', '8480', '850080', '8600000080', '830000000000002000', '83feffffffffffffff'])(
    'above 2^53-1 are refused: %s',
    (hex) => {
      expect(() => new Reader(hexBytes(hex)).u64()).toThrow(FormatError);
    },
  );

  it('of 32 bits refuse heads of 8 bytes', () => {
    expect(() => new Reader(hexBytes('830500000000000000')).u32()).toThrow('loadVariableInt:bad header:131');
    expect(() => new Reader(hexBytes('870500000000000000')).i32()).toThrow('loadVariableInt:bad header:135');
  });

  it('depend on the width', () => {
    expect(new Reader(hexBytes('ff')).u32()).toBe(0xffffffff);
    expect(new Reader(hexBytes('ff')).u64()).toBe(null);
    expect(() => new Reader(hexBytes('ff')).u64Number()).toThrow(FormatError);
  });

  it('can be decoded from head and payload apart', () => {
    expect(
      [0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0xff].map(varintPayloadBytes),
    ).toEqual([0, 1, 2, 4, 8, 1, 2, 4, 8, 0, 0]);
    expect(decodeVarint(0x81, Uint8Array.of(0x34, 0x12), 8)).toBe(0x1234);
    expect(decodeVarint(0x05, new Uint8Array(0), 4)).toBe(5);
    expect(() => decodeVarint(0x82, new Uint8Array(3), 8)).toThrow(FormatError);
  });
});

describe('values', () => {
  it('have their own sizes', () => {
    const hex = written((w) => {
      w.u8(0x85);
      w.bool(true);
      w.bool(false);
      w.u16(0x0311);
      w.string('abc');
      w.string('');
      w.raw(Uint8Array.of(9, 8));
      w.strings(['state', 'v0']);
      w.strings([]);
    });
    expect(hex).toBe('85010011030361626300090802057374617465027630' + '00');
    const reader = new Reader(hexBytes(hex));
    expect(reader.u8()).toBe(0x85);
    expect([reader.bool(), reader.bool()]).toEqual([true, false]);
    expect(reader.u16()).toBe(0x0311);
    expect([reader.string(), reader.string()]).toEqual(['abc', '']);
    expect(reader.raw(2)).toEqual(Uint8Array.of(9, 8));
    expect([reader.strings(), reader.strings()]).toEqual([['state', 'v0'], []]);
    expect(reader.remaining).toBe(0);
  });

  it('of 128 characters have a longer size', () => {
    expect(written((w) => w.string('x'.repeat(128)))).toBe(`8080${'78'.repeat(128)}`);
  });

  it('may begin anywhere, and say where they stopped', () => {
    const reader = new Reader(hexBytes('ffff810001aa'), 2);
    expect(reader.u64()).toBe(256);
    expect([reader.offset, reader.remaining]).toEqual([5, 1]);
  });

  it('read any non-zero byte as true', () => {
    expect(new Reader(Uint8Array.of(2)).bool()).toBe(true);
  });

  it('are refused when the bytes end', () => {
    for (const hex of ['', '80', '8101', '82010203', '8301020304050607']) {
      expect(() => new Reader(hexBytes(hex)).u64()).toThrow(FormatError);
    }
    expect(() => new Reader(hexBytes('0361')).string()).toThrow(FormatError);
    expect(() => new Reader(hexBytes('01')).u16()).toThrow(FormatError);
    expect(() => new Reader(hexBytes('01')).raw(2)).toThrow(FormatError);
  });

  it('do not allocate by a size that lies', () => {
    const huge = '83ffffffffffff1f00';
    expect(() => new Reader(hexBytes(huge)).string()).toThrow(FormatError);
    expect(() => new Reader(hexBytes(huge)).strings()).toThrow(FormatError);
    expect(() => new Reader(hexBytes('ff')).strings()).toThrow(FormatError);
  });

  it('keep the limits that the caller gives', () => {
    expect(new Reader(hexBytes('03616263')).string(3)).toBe('abc');
    expect(() => new Reader(hexBytes('03616263')).string(2)).toThrow(FormatError);
    expect(() => new Reader(hexBytes('02000000')).strings(1)).toThrow(FormatError);
  });

  it('are refused when they do not fit their field', () => {
    const bad: ((w: Writer) => void)[] = [
      (w) => w.u8(256),
      (w) => w.u16(-1),
      (w) => w.u32(2 ** 32),
      (w) => w.u32(1.5),
      (w) => w.i32(2 ** 31),
      (w) => w.u64(-1),
      (w) => w.u64(2 ** 53),
      (w) => w.u64(Number.NaN),
      (w) => w.u64(0.5),
    ];
    for (const write of bad) expect(() => write(new Writer())).toThrow(FormatError);
  });

  it('survive writing and reading', () => {
    const value = fc.oneof(
      fc.record({ type: fc.constant('u64' as const), value: fc.option(u53) }),
      fc.record({ type: fc.constant('u32' as const), value: u32 }),
      fc.record({ type: fc.constant('i32' as const), value: fc.integer() }),
      fc.record({ type: fc.constant('u16' as const), value: fc.nat(0xffff) }),
      fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
      fc.record({ type: fc.constant('string' as const), value: fc.string({ unit: 'grapheme' }) }),
      fc.record({ type: fc.constant('strings' as const), value: fc.array(fc.string(), { maxLength: 5 }) }),
      fc.record({ type: fc.constant('raw' as const), value: fc.uint8Array() }),
    );
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const writer = new Writer();
        for (const v of values) {
          if (v.type === 'u64') writer.u64(v.value);
          else if (v.type === 'u32') writer.u32(v.value);
          else if (v.type === 'i32') writer.i32(v.value);
          else if (v.type === 'u16') writer.u16(v.value);
          else if (v.type === 'bool') writer.bool(v.value);
          else if (v.type === 'string') writer.string(v.value);
          else if (v.type === 'strings') writer.strings(v.value);
          else writer.raw(v.value);
        }
        const reader = new Reader(writer.finish());
        for (const v of values) {
          if (v.type === 'raw') expect(reader.raw(v.value.length)).toEqual(v.value);
          else expect(reader[v.type]()).toEqual(v.value);
        }
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('are taken once: the writer begins anew and leaves them as they are', () => {
    const writer = new Writer();
    writer.string('walb');
    writer.u32(0x12345678);
    const first = writer.take();
    writer.string('x'.repeat(100));
    expect([...first]).toEqual([4, 119, 97, 108, 98, 0x82, 0x78, 0x56, 0x34, 0x12]);
    expect(writer.sizeBytes).toBe(101);
    expect(writer.take().length).toBe(101);
    expect(writer.take().length).toBe(0);
  });

  it('of any bytes are values or FormatErrors', () => {
    const methods = ['u8', 'bool', 'u16', 'u32', 'i32', 'u64', 'u64Number', 'string', 'strings'] as const;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fc.constantFrom(...methods)), (bytes, calls) => {
        const reader = new Reader(bytes);
        for (const method of calls) {
          valueOrFormatError(() => reader[method]());
          expect(reader.remaining).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
