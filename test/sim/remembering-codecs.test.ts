import { describe, expect, it } from 'vitest';
import { loadPortableCodecs } from '../../core/engine/codec-registry.ts';
import type { Codec } from '../../core/world/index.ts';
import { rememberingCodecs } from '../../sim/remembering-codecs.ts';

/** A codec that counts its calls and gives what tells all of them apart. */
function counting(): { codec: Codec; calls: () => number } {
  let calls = 0;
  const answer = (data: Uint8Array, parameter: number) => {
    calls += 1;
    return Uint8Array.of(parameter, ...data.slice(0, 4), data.length & 0xff);
  };
  return { codec: { type: 'lz4', compress: answer, decompress: answer }, calls: () => calls };
}

const remembered = (codec: Codec) =>
  rememberingCodecs(new Map([[codec.type, codec]])).get(codec.type) as Codec;

describe('remembering codecs', () => {
  it('give the same result for the same bytes, wherever they lie, and work once', () => {
    const { codec, calls } = counting();
    const one = remembered(codec);
    const bytes = Uint8Array.from({ length: 1003 }, (_, i) => i * 7);
    const first = one.compress(bytes, 0);
    const elsewhere = new Uint8Array(1010);
    elsewhere.set(bytes, 3);
    expect(one.compress(elsewhere.subarray(3, 1006), 0)).toBe(first);
    expect(calls()).toBe(1);
  });

  it('work again when any byte is another one', () => {
    const { codec, calls } = counting();
    const one = remembered(codec);
    const bytes = new Uint8Array(203).fill(5);
    for (let at = 0; at < bytes.length; at++) {
      one.compress(bytes, 0);
      const before = calls();
      const other = bytes.slice();
      other[at] = 6;
      one.compress(other, 0);
      expect(calls()).toBe(before + 1);
    }
  });

  it('tell lengths, levels and directions apart', () => {
    const { codec, calls } = counting();
    const one = remembered(codec);
    const bytes = new Uint8Array(64);
    one.compress(bytes, 0);
    one.compress(bytes.subarray(0, 63), 0);
    one.compress(bytes, 1);
    one.decompress(bytes, 0);
    expect(calls()).toBe(4);
  });

  it('are not misled by a caller that uses its memory again', () => {
    const { codec, calls } = counting();
    const one = remembered(codec);
    const memory = new Uint8Array(100).fill(1);
    one.compress(memory, 0);
    memory.fill(2);
    expect([...one.compress(memory, 0)]).toEqual([0, 2, 2, 2, 2, 100]);
    expect(calls()).toBe(2);
  });

  it('decompress at once what they compressed', () => {
    const { codec, calls } = counting();
    const one = remembered(codec);
    const bytes = Uint8Array.from({ length: 1003 }, (_, i) => i * 7);
    const compressed = one.compress(bytes, 0);
    expect([...one.decompress(compressed.slice(), bytes.length)]).toEqual([...bytes]);
    expect(calls()).toBe(1);
    // Of another size it is another question.
    one.decompress(compressed, bytes.length - 1);
    expect(calls()).toBe(2);
  });

  it('keep a bounded number of bytes', () => {
    const { codec, calls } = counting();
    const one = remembered(codec);
    const input = (i: number) => new Uint8Array(new Uint32Array(16 * 1024).fill(i).buffer);
    // More than are kept of inputs of 64 KiB: the first are forgotten, the newest is there.
    for (let i = 1; i <= 300; i++) one.compress(input(i), 0);
    one.compress(input(300), 0);
    expect(calls()).toBe(300);
    for (let i = 1; i <= 20; i++) one.compress(input(i), 0);
    expect(calls()).toBe(320);
  });

  it('pass errors on each time', async () => {
    const snappy = rememberingCodecs(await loadPortableCodecs()).get('snappy') as Codec;
    const bad = Uint8Array.of(4, 1, 1);
    expect(() => snappy.decompress(bad, 4)).toThrow('snappy');
    expect(() => snappy.decompress(bad, 4)).toThrow('snappy');
  });
});
