import '../../fixed-seed.ts';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { hexOf } from '../../../core/format/binary.ts';
import type { QueueChange, QueueFile, QueueStep } from '../../../core/format/queue-file.ts';
import {
  clearQueue,
  createQueueFile,
  openQueueFile,
  popBack,
  pushFront,
} from '../../../core/format/queue-file.ts';
import { encodeQueueHeader, headerOffset, RECORD_AREA_OFFSET } from '../../../core/format/queue-layout.ts';
import type { MetaLsidGid } from '../../../core/snapshot/meta.ts';
import {
  decodeWith,
  encodeWith,
  readMetaLsidGid,
  writeMetaLsidGid,
} from '../../../core/snapshot/meta-codec.ts';
import { lsidGidToText } from '../../../core/snapshot/meta-text.ts';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import { readTarGz } from '../../tar.ts';
import type { Piece } from './queue-disk.ts';
import { atCrash, runSteps, withPieces } from './queue-disk.ts';

const SALT = 0x074982a0;
const EMPTY = new Uint8Array(0);

/** A queue and its file, side by side. */
class Rig {
  queue: QueueFile;
  file: Uint8Array;
  lastSteps: readonly QueueStep[] = [];

  constructor(salt = SALT) {
    const { queue, steps } = createQueueFile(salt);
    this.queue = queue;
    this.file = runSteps(EMPTY, steps);
  }

  run(operation: (queue: QueueFile) => QueueChange): this {
    const { queue, steps } = operation(this.queue);
    this.queue = queue;
    this.file = runSteps(this.file, steps);
    this.lastSteps = steps;
    return this;
  }

  push(...records: Uint8Array[]): this {
    for (const data of records) this.run((queue) => pushFront(queue, data));
    return this;
  }

  header(copy: 0 | 1): string {
    return hexOf(this.file.subarray(headerOffset(copy), headerOffset(copy) + 28));
  }

  at(offset: number, bytes: number): string {
    return hexOf(this.file.subarray(RECORD_AREA_OFFSET + offset, RECORD_AREA_OFFSET + offset + bytes));
  }
}

function lsidGid(timestamp: number, lsid: number, gid: number, isMergeable: boolean): Uint8Array {
  return encodeWith(writeMetaLsidGid, { isMergeable, timestamp, lsid, gid });
}

/** A record of `size` bytes that differs from others by `tag`. */
function record(tag: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (tag * 7 + i) & 0xff);
}

const hexes = (queue: QueueFile) => queue.records.map(hexOf);

describe('the bytes of a queue file', () => {
  const first = lsidGid(1700000010, 1000, 1, true);
  const second = lsidGid(1700000020, 2000, 2, false);

  it('follows the worked example', () => {
    const rig = new Rig();
    const created = 'a7839d11b9f918e7a082490700000000000000000000000000000000';
    expect(rig.file.length).toBe(4096);
    expect([rig.header(0), rig.header(1)]).toEqual([created, created]);
    expect(rig.at(0, 16)).toBe('a7839d11000000000000000000000000');

    rig.push(first);
    const once = 'a7839d119df918e7a082490700000000000000001c00000000000000';
    expect([rig.header(0), rig.header(1)]).toEqual([once, once]);
    expect(rig.at(0, 28)).toBe('a7839d11c1a05d100c00000000000000140301820af1536581e80301');
    expect(rig.at(28, 16)).toBe('a7839d1100000000000000001c000000');

    rig.push(second);
    const twice = 'a7839d1161f918e7a082490710000000000000004800000000000000';
    expect([rig.header(0), rig.header(1)]).toEqual([twice, twice]);
    expect(rig.at(0, 16)).toBe('a7839d11c1a05d100c00000000000000');
    expect(rig.at(16, 28)).toBe('a7839d11b7b85a0f0c000000000000001403008214f1536581d00702');
    expect(rig.at(44, 28)).toBe('a7839d11c1a05d100c0000001c000000140301820af1536581e80301');
    expect(rig.at(72, 16)).toBe('a7839d1100000000000000001c000000');

    rig.run(popBack);
    expect(rig.header(0).slice(8, 16)).toBe('7df918e7');
    expect(rig.queue.header).toEqual({ salt: SALT, beginOffset: 16, endOffset: 44 });
    expect(hexes(rig.queue)).toEqual([hexOf(second)]);
    rig.run(clearQueue);
    expect(rig.queue.header).toEqual({ salt: SALT, beginOffset: 44, endOffset: 44 });
    expect(rig.at(44, 16)).toBe('a7839d11c1a05d100c00000000000000');
    expect(openQueueFile(rig.file)).toEqual(rig.queue);
    expect(rig.file.length).toBe(4096);
  });

  it('grows and shrinks by pages, and reads back what was written', () => {
    const rig = new Rig().push(record(1, 5000), record(2, 5000));
    expect(rig.file.length % 4096).toBe(0);
    expect(rig.file.length).toBe(rig.queue.fileBytes);
    const large = rig.file.length;
    rig.run((queue) => popBack(queue, 2)).push(record(3, 5), record(4, 5), record(5, 5));
    rig.run((queue) => popBack(queue, 3));
    for (let i = 0; i < 2000; i++) rig.push(record(i, 40)).run(popBack);
    expect(rig.file.length).toBeLessThan(large);
    expect(openQueueFile(rig.file)).toEqual(rig.queue);
  });

  it('takes records of size 0, and more than one at a time', () => {
    const rig = new Rig().push(record(1, 0), record(2, 3), record(3, 0));
    expect(openQueueFile(rig.file)).toEqual(rig.queue);
    rig.run((queue) => popBack(queue, 2));
    expect(hexes(openQueueFile(rig.file))).toEqual(['']);
    expect(() => popBack(rig.queue, 2)).toThrow('a queue of 1 records has no 2');
    expect(popBack(rig.queue, 0).steps).toEqual([]);
    expect(clearQueue(createQueueFile(1).queue).steps).toEqual([]);
  });
});

describe('opening', () => {
  const rig = () => new Rig().push(record(1, 20), record(2, 600), record(3, 20));

  function damaged(file: Uint8Array, at: number, mask = 0xff): Uint8Array {
    const copy = file.slice();
    copy[at] ^= mask;
    return copy;
  }

  it('uses the header copy that is intact', () => {
    const { file, queue } = rig();
    expect(openQueueFile(damaged(file, 13))).toEqual({ ...queue, staleCopy: 0 });
    expect(openQueueFile(damaged(file, 28 + 13))).toEqual({ ...queue, staleCopy: 1 });
    expect(() => openQueueFile(damaged(damaged(file, 13), 41))).toThrow('Both header data broken.');
    const empty = new Rig().file;
    expect(() => openQueueFile(damaged(damaged(empty, 8), 36))).toThrow('Both header data broken.');
    for (const size of [0, 55, 71]) {
      expect(() => openQueueFile(file.subarray(0, size))).toThrow('Both header data broken.');
    }
    expect(() => openQueueFile(new Uint8Array(4096))).toThrow('Both header data broken.');
  });

  it('notices offsets outside of the file', () => {
    const { file } = new Rig();
    for (const [beginOffset, endOffset] of [
      [0, 4096],
      [0, 2 ** 50],
      [16, 0],
    ]) {
      const bad = encodeQueueHeader({ salt: SALT, beginOffset, endOffset });
      const copy = file.slice();
      copy.set(bad, 0);
      expect(openQueueFile(copy).staleCopy).toBe(0);
      copy.set(bad, 28);
      expect(() => openQueueFile(copy)).toThrow('Both header data broken.');
    }
    const huge = file.slice();
    huge.fill(0xff, 12, 28);
    expect(openQueueFile(huge).records).toEqual([]);
  });

  it('never gives another queue for one damaged byte', () => {
    const { file, queue } = rig();
    for (let at = 0; at < RECORD_AREA_OFFSET + queue.header.endOffset + 16; at++) {
      for (const mask of [1, 0x80, 0xff]) {
        try {
          expect(hexes(openQueueFile(damaged(file, at, mask)))).toEqual(hexes(queue));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }
  });

  it('reports damage of every record when the header copies agree', () => {
    const { file, queue } = rig();
    let offset = queue.header.beginOffset;
    for (const data of queue.records) {
      for (const at of [0, 4, 8, 16]) {
        expect(() => openQueueFile(damaged(file, RECORD_AREA_OFFSET + offset + at, 1))).toThrow(FormatError);
      }
      offset += 16 + data.length;
    }
    expect(() => openQueueFile(damaged(file, RECORD_AREA_OFFSET + offset + 12))).toThrow('distance');
  });

  it('gives up a push of which only the first header copy arrived', () => {
    const { file, queue } = rig();
    const { steps } = pushFront(queue, record(4, 30));
    const headerOnly = steps.filter((step) => step.kind === 'write' && step.offset === 0);
    const torn = runSteps(file, headerOnly.slice(-1));
    const opened = openQueueFile(torn);
    expect(hexes(opened)).toEqual(hexes(queue));
    expect(opened.staleCopy).toBe(0);
    const next = pushFront(opened, record(5, 30));
    const after = openQueueFile(runSteps(torn, next.steps));
    expect(after).toEqual(next.queue);
    expect(after.staleCopy).toBe(null);
  });

  it('reads a queue whose clearing got as far as the stub', () => {
    const { file, queue } = rig();
    const at = RECORD_AREA_OFFSET + queue.header.endOffset + 12;
    const cleared = file.slice();
    cleared.fill(0, at, at + 4);
    expect(openQueueFile(cleared)).toEqual(queue);
  });
});

type Operation =
  | { readonly kind: 'push'; readonly sizeBytes: number }
  | { readonly kind: 'pop'; readonly count: number }
  | { readonly kind: 'clear' };

const anyPush = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 400, max: 700 }),
  fc.integer({ min: 3900, max: 4300 }),
);
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), sizeBytes: anyPush }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pop' as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
);

function change(queue: QueueFile, operation: Operation, tag: number): QueueChange {
  if (operation.kind === 'push') return pushFront(queue, record(tag, operation.sizeBytes));
  if (operation.kind === 'pop') return popBack(queue, Math.min(operation.count, queue.records.length));
  return clearQueue(queue);
}

/** All subsets when they are few, else a hundred and more that `pick` draws. */
function subsets(pieces: readonly Piece[], pick: (bound: number) => number): Piece[][] {
  const n = pieces.length;
  if (n <= 6) return Array.from({ length: 2 ** n }, (_, bits) => pieces.filter((_, i) => (bits >> i) & 1));
  const drawn = Array.from({ length: 40 }, () => pieces.filter(() => pick(2) === 0));
  const missingOne = pieces.map((_, gone) => pieces.filter((_, i) => i !== gone));
  const onlyOne = pieces.map((piece) => [piece]);
  return [[], [...pieces], ...drawn, ...missingOne, ...onlyOne];
}

/** The first bytes of a piece when it is a header copy, else all of it. */
function tornHeader(piece: Piece): Piece {
  if ('sizeBytes' in piece || piece.offset >= RECORD_AREA_OFFSET) return piece;
  return { offset: piece.offset, bytes: piece.bytes.subarray(0, 10) };
}

describe('a crash at any point', () => {
  /** Checks every crash of one operation; returns what some of them leave, for going on from there. */
  function crashes(
    file: Uint8Array,
    before: QueueFile,
    { queue: after, steps }: QueueChange,
    pick: (n: number) => number,
  ) {
    const left: Uint8Array[] = [];
    // As texts, made once: there are thousands of crashes.
    const [textBefore, textAfter] = [before, after].map((queue) => JSON.stringify(hexes(queue)));
    for (let done = 0; done <= steps.length; done++) {
      const { durable, unsynced } = atCrash(file, steps, done);
      const choices = subsets(unsynced, pick);
      // A disk without whole sectors: headers that were being written are cut in the middle.
      for (const survived of [...choices, ...choices.map((pieces) => pieces.map(tornHeader))]) {
        const found = withPieces(durable, survived);
        const opened = JSON.stringify(hexes(openQueueFile(found)));
        if (opened !== textAfter && (done === steps.length || opened !== textBefore)) {
          throw new Error(`before ${textBefore}, after ${textAfter}, found ${opened}`);
        }
        if (pick(20) === 0) left.push(found);
      }
    }
    return left;
  }

  it('leaves the queue before or after the operation, also when crash follows crash', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyOperation, fc.boolean()), { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (operations, stream) => {
          const pick = (bound: number) => Number(stream.next().value) % bound;
          const created = createQueueFile(SALT);
          let file = runSteps(EMPTY, created.steps);
          let queue = created.queue;
          operations.forEach(([operation, crashed], tag) => {
            const next = change(queue, operation, tag);
            const left = crashes(file, queue, next, pick);
            if (crashed && left.length > 0) {
              file = left[pick(left.length)];
              queue = openQueueFile(file);
            } else {
              file = runSteps(file, next.steps);
              queue = next.queue;
              expect(openQueueFile(file)).toEqual({ ...queue, fileBytes: file.length });
            }
          });
        },
      ),
      { numRuns: 20 },
    );
  });

  it('makes the whole of each operation durable', () => {
    const rig = new Rig().push(record(1, 10), record(2, 10));
    for (const operation of [(q: QueueFile) => pushFront(q, record(3, 5000)), popBack, clearQueue]) {
      expect(operation(rig.queue).steps.at(-1)).toEqual({ kind: 'sync' });
    }
  });

  it('clears the stub only when both headers say empty, so that the original can read it at any time', () => {
    const rig = new Rig().push(record(1, 10));
    const writes = clearQueue(rig.queue).steps.flatMap((step) =>
      step.kind === 'write' ? [step.offset] : [],
    );
    expect(writes).toEqual([0, 28, RECORD_AREA_OFFSET + rig.queue.header.endOffset]);
  });

  it('would lose the old queue if the header were written before the record', () => {
    // Proves that the check above can fail: without the sync between record and header it does.
    const rig = new Rig().push(record(1, 600), record(2, 600)).run(popBack).run(popBack).push(record(3, 10));
    const next = pushFront(rig.queue, record(4, 600));
    const steps: QueueStep[] = [...next.steps.filter((step) => step.kind !== 'sync'), { kind: 'sync' }];
    const unsafe = { ...next, steps };
    expect(() => crashes(rig.file, rig.queue, unsafe, () => 1)).toThrow();
  });
});

describe('queue files of the original', () => {
  const dir = goldenDir();
  const golden = new GoldenCounter('base', (path) => !path.endsWith('s0.tar.gz'));
  afterAll(() => console.log(golden.report()));

  const expected: Record<string, string[]> = {
    'a-full-backup': [],
    'b-two-diffs': [],
    'e-storage-with-log': ['gid 19', 'gid 18'],
  };

  for (const [moment, gids] of Object.entries(expected)) {
    it(moment, () => {
      if (dir === null) return;
      const path = `base/${moment}/s0.tar.gz`;
      const files = readTarGz(join(dir, path));
      const file = files.get('var/walb/s0/vol0/queue')!;
      const queue = openQueueFile(file);
      const positions = queue.records.map((data) => decodeWith(readMetaLsidGid, data));
      expect(queue.staleCopy).toBe(null);
      expect(positions.map((position: MetaLsidGid) => `gid ${position.gid}`)).toEqual(gids);
      for (const [i, data] of queue.records.entries()) {
        expect(hexOf(encodeWith(writeMetaLsidGid, positions[i]))).toBe(hexOf(data));
        expect(lsidGidToText(positions[i])).toMatch(/^LsidGid timestamp 2026-/);
      }
      // Emptying it and filling it again from the back gives the same records.
      let now = { queue, file };
      const run = ({ queue: next, steps }: QueueChange) => {
        now = { queue: next, file: runSteps(now.file, steps) };
      };
      run(popBack(now.queue, queue.records.length));
      for (const data of [...queue.records].reverse()) run(pushFront(now.queue, data));
      expect(hexes(openQueueFile(now.file))).toEqual(hexes(queue));
      const done = files.get('var/walb/s0/vol0/done')!;
      expect(hexOf(encodeWith(writeMetaLsidGid, decodeWith(readMetaLsidGid, done)))).toBe(hexOf(done));
      golden.check(path);
    });
  }

  it('pushes the bytes that the original pushed', () => {
    if (dir === null) return;
    const file = readTarGz(join(dir, 'base/e-storage-with-log/s0.tar.gz')).get('var/walb/s0/vol0/queue')!;
    const { records, header } = openQueueFile(file);
    // The file began as the queue of the first snapshots; here the same layout is made directly.
    const rig = new Rig(header.salt).push(records[1], records[0]);
    const live = (bytes: Uint8Array, end: number) => hexOf(bytes.subarray(0, RECORD_AREA_OFFSET + end));
    expect(live(rig.file, rig.queue.header.endOffset)).toBe(live(file, header.endOffset));
  });
});
