/** Helpers of the format tests: hex text, arbitraries, and "a value or a FormatError". */
import fc from 'fast-check';
import { expect } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { hexOf } from '../../../core/format/binary.ts';
import type { LogpackHeader } from '../../../core/format/logpack.ts';
import { LogpackBuilder } from '../../../core/format/logpack-builder.ts';
import type { RecordKind, WdiffRecord } from '../../../core/format/wdiff-record.ts';
import { COMPRESSION_TYPES } from '../../../core/world/codec.ts';

/** Bytes of hex digits (blanks ignored), extended with zeros to `sizeBytes`. */
export function hexBytes(text: string, sizeBytes = 0): Uint8Array {
  const digits = text.replace(/\s/g, '');
  const bytes = new Uint8Array(Math.max(sizeBytes, digits.length / 2));
  for (let i = 0; i < digits.length / 2; i++) bytes[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** Compares bytes as hex, which reads better than arrays in a failure. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(hexOf(actual)).toBe(hexOf(expected));
}

/** `text` repeated `times` times, as bytes. */
export function repeated(text: string, times: number): Uint8Array {
  return new TextEncoder().encode(text.repeat(times));
}

/** The bytes 00 01 .. 0f, the uuid of the worked examples. */
export const EXAMPLE_UUID = Uint8Array.from({ length: 16 }, (_, i) => i);

/** Runs a decoder: its value, or undefined after a FormatError; anything else thrown fails the test. */
export function valueOrFormatError<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Changes one byte of a copy. */
export function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

export const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
/** u64 that the core can count. */
export const u53 = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);
export const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 });
export const physicalBlockBytes = fc.constantFrom(512, 1024, 2048, 4096);
const address = fc.integer({ min: 0, max: 2 ** 52 });

/** What is asked of a pack builder. */
const logIo = fc.oneof(
  fc.record({
    kind: fc.constant('normal' as const),
    offsetLb: address,
    sizeLb: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 65535 })),
    checksum: u32,
  }),
  fc.record({
    kind: fc.constant('discard' as const),
    offsetLb: address,
    sizeLb: fc.integer({ min: 1, max: 0xffff_ffff }),
    checksum: fc.constant(0),
  }),
  fc.record({
    kind: fc.constant('padding' as const),
    offsetLb: fc.constant(0),
    sizeLb: fc.integer({ min: 0, max: 100 }).map((n) => n * 8),
    checksum: fc.constant(0),
  }),
);

/** A valid logpack header with at least one record, with its block size. */
export const logpack: fc.Arbitrary<{ header: LogpackHeader; pbs: number }> = fc
  .record({
    pbs: physicalBlockBytes,
    lsid: address,
    ios: fc.array(logIo, { minLength: 1, maxLength: 140 }),
  })
  .map(({ pbs, lsid, ios }) => {
    const builder = new LogpackBuilder(pbs, lsid);
    for (const io of ios) {
      if (io.kind === 'normal') builder.addNormal(io.offsetLb, io.sizeLb, io.checksum);
      else if (io.kind === 'discard') builder.addDiscard(io.offsetLb, io.sizeLb);
      else builder.addPadding(io.sizeLb);
    }
    return { header: builder.header(), pbs };
  });

/** The records of a valid pack of a sorted wdiff; at least one. */
export const packRecords: fc.Arbitrary<WdiffRecord[]> = fc
  .record({
    startLb: address,
    items: fc.array(
      fc.record({
        gapLb: fc.nat(100),
        sizeLb: fc.integer({ min: 1, max: 5000 }),
        kind: fc.constantFrom<RecordKind>('normal', 'zero', 'discard'),
        compression: fc.constantFrom(...COMPRESSION_TYPES),
        storedBytes: fc.integer({ min: 1, max: 100_000 }),
        checksum: u32,
      }),
      { minLength: 1, maxLength: 127 },
    ),
  })
  .map(({ startLb, items }) => {
    let addressLb = startLb;
    let dataOffsetBytes = 0;
    return items.map((item): WdiffRecord => {
      addressLb += item.gapLb;
      const normal = item.kind === 'normal';
      const compression = normal ? item.compression : 'none';
      const uncompressedBytes = item.sizeLb * 512;
      const dataSizeBytes = !normal ? 0 : compression === 'none' ? uncompressedBytes : item.storedBytes;
      const record = {
        addressLb,
        sizeLb: item.sizeLb,
        kind: item.kind,
        compression,
        dataOffsetBytes,
        dataSizeBytes,
        checksum: normal ? item.checksum : 0,
      };
      addressLb += item.sizeLb;
      dataOffsetBytes += dataSizeBytes;
      return record;
    });
  });
