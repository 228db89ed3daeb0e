import fc from 'fast-check';
import type { Survival } from './crash-disk.ts';
import type { RigOptions } from './harness.ts';

/** Where an IO goes; folded into the device's size when it is done. */
export interface Place {
  at: number;
  size: number;
}

/** One thing that an application, an operator or fate does. */
export type Act =
  | { do: 'write'; at: number; size: number; fua: boolean; preflush: boolean }
  | { do: 'burst'; writes: Place[]; us: number }
  | { do: 'discard'; at: number; size: number }
  | { do: 'flush' }
  | { do: 'read'; at: number; size: number }
  | { do: 'settle' }
  | { do: 'sleep'; us: number }
  | { do: 'checkpoint' }
  | { do: 'set-oldest' }
  | { do: 'extract' }
  | { do: 'freeze'; seconds: number }
  | { do: 'melt' }
  | { do: 'reset' }
  | { do: 'resize'; by: number }
  | { do: 'restart' }
  | { do: 'crash'; ldev: Survival | 'kept'; ddev: Survival | 'kept'; again: number[] };

const survival = fc.constantFrom<Survival | 'kept'>(
  'blocks',
  'blocks',
  'writes',
  'writes',
  'prefix',
  'all',
  'nothing',
  'kept',
);
const place = { at: fc.nat(1000), size: fc.integer({ min: 1, max: 1000 }) };
export const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      ...place,
      fua: weighted(12),
      preflush: weighted(12),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('discard' as const), ...place }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), ...place }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('sleep' as const), us: fc.oneof(fc.nat(400), fc.nat(200_000)) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('checkpoint' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set-oldest' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('extract' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), seconds: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('melt' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), by: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('burst' as const),
      writes: fc.array(fc.record(place), { minLength: 2, maxLength: 14, size: 'max' }),
      us: fc.nat(400),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      ldev: survival,
      ddev: survival,
      again: fc.array(fc.nat(3000), { maxLength: 2 }),
    }),
  },
);

function weighted(oneIn: number): fc.Arbitrary<boolean> {
  return fc.nat(oneIn).map((n) => n === 0);
}

/** Disks and parameters of one run. */
export interface ModelRun extends RigOptions {
  readonly ldevLatencyUs: number;
}

export const rigOptions: fc.Arbitrary<ModelRun> = fc
  .record({
    seed: fc.nat(1_000_000),
    ldevLatencyUs: fc.constantFrom(100, 400, 2000),
    pbs: fc.constantFrom(512 as const, 4096 as const),
    ringPb: fc.oneof(fc.integer({ min: 4, max: 14 }), fc.integer({ min: 15, max: 80 })),
    discardMode: fc.constantFrom('zero' as const, 'keep' as const, 'mixed' as const, 'none' as const),
    hasCache: fc.nat(5).map((n) => n > 0),
    flushIntervalMs: fc.constantFrom(0, 1, 100),
    maxLogpackKb: fc.constantFrom(0, 1, 32, 32, 32),
    ioBulk: fc.constantFrom(1, 3, 1024, 1024, 1024, 1024),
    packBulk: fc.constantFrom(1, 2, 128, 128, 128, 128),
    checkpointIntervalMs: fc.constantFrom(0, 1, 50, 10_000),
    sortDataIo: fc.boolean(),
  })
  .map((o) => ({
    seed: o.seed,
    ldevLatencyUs: o.ldevLatencyUs,
    pbs: o.pbs,
    ringPb: o.ringPb,
    sizeLb: o.pbs === 512 ? 24 : 96,
    ddevSizeLb: o.pbs === 512 ? 40 : 160,
    discardMode: o.discardMode,
    hasCache: o.hasCache,
    params: {
      logFlushIntervalMs: o.flushIntervalMs,
      maxLogpackKb: o.maxLogpackKb,
      ioBulk: o.ioBulk,
      packBulk: o.packBulk,
    },
    device: { checkpointIntervalMs: o.checkpointIntervalMs, module: { sortDataIo: o.sortDataIo } },
  }));
