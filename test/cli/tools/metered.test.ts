import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../cli/progress.ts';
import { meteredReader, meteredSource } from '../../../cli/tools/metered.ts';
import type { RandomReader } from '../../../core/engine/byte-stream.ts';
import { memoryReader, memorySource } from '../../../core/engine/memory-stream.ts';
import { KeptSource } from '../../core/engine/engine-kit.ts';

/** A reader that is an object of a class, with methods and getters. */
class KeptReader implements RandomReader {
  readonly source = new KeptSource(new Uint8Array(10), 5);

  get sizeBytes(): number {
    return 10;
  }

  get pieceBytes(): number {
    return 5;
  }

  stream(): KeptSource {
    return this.source;
  }

  async read(_offset: number, sizeBytes: number): Promise<Uint8Array> {
    return new Uint8Array(sizeBytes);
  }
}

function counted(): Progress & { doneBytes: number } {
  return {
    doneBytes: 0,
    expect() {},
    add(bytes) {
      this.doneBytes += bytes;
    },
  };
}

describe('what is read is progress', () => {
  it('of a source of any class, which is told all else as before', async () => {
    const progress = counted();
    const inner = new KeptSource(new Uint8Array(10), 5);
    const source = meteredSource(inner, progress);
    expect(source.pieceBytes).toBe(5);
    expect(await source.read(7)).toHaveLength(7);
    expect(await source.read(7)).toHaveLength(3);
    expect(await source.read(7)).toBeNull();
    source.forget?.(7);
    expect([progress.doneBytes, inner.forgottenBytes]).toEqual([10, 7]);
  });

  it('of a reader of any class, and of its stream', async () => {
    const progress = counted();
    const inner = new KeptReader();
    const reader = meteredReader(inner, progress);
    expect([reader.sizeBytes, reader.pieceBytes]).toEqual([10, 5]);
    expect(await reader.read(2, 4)).toHaveLength(4);
    const stream = reader.stream?.();
    expect(await stream?.read(3)).toHaveLength(3);
    stream?.forget?.(3);
    expect([progress.doneBytes, inner.source.forgottenBytes]).toEqual([7, 3]);
  });

  it('and nothing is there that was not there', () => {
    const bytes = new Uint8Array(1);
    expect(meteredSource(memorySource(bytes), counted())).not.toHaveProperty('pieceBytes');
    const reader = meteredReader(memoryReader(bytes), counted());
    expect(reader).not.toHaveProperty('pieceBytes');
    expect(reader).not.toHaveProperty('stream');
  });
});
