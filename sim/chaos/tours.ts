import type { Fault } from '../fault-kinds.ts';
import { drawHistory } from './generate.ts';
import { type ChaosLayout, PATIENT_POLL_MS, PLAIN_LAYOUT } from './layout.ts';
import type { ChaosOperation } from './operations.ts';
import { chaosProfile } from './profiles.ts';
import type { ChaosHistory } from './run.ts';

/**
 * Short days that together go through every step that there is (docs/chaos.md, "Crash points"): each is run once for
 * each crash at a step that it reaches.
 */
export interface Tour {
  readonly name: string;
  readonly history: ChaosHistory;
}

/** An operation of volume v0 without its time; `afterS` behind the one before (default 1.5 s). */
type Stop = { readonly kind: ChaosOperation['kind']; readonly afterS?: number } & Readonly<
  Record<string, unknown>
>;

const FIRST_S = 2;
const LAST: Stop = { kind: 'status', server: 's0', afterS: 3 };

function tour(
  name: string,
  layout: Partial<ChaosLayout>,
  stops: readonly Stop[],
  faults: readonly Fault[] = [],
): Tour {
  let atUs = FIRST_S * 1e6;
  // Faults strike until the last operation begins: it waits for those before.
  const operations = [...stops, LAST].map(({ afterS = 1.5, ...stop }, key): ChaosOperation => {
    atUs += afterS * 1e6;
    const isTimedOnly = ['kick', 'status', 'shutdown'].includes(stop.kind);
    return { ...stop, ...(isTimedOnly ? {} : { volume: 0 }), atUs, key } as unknown as ChaosOperation;
  });
  return {
    name,
    history: {
      version: 1,
      seed: 1,
      layout: { ...PLAIN_LAYOUT, operatorPollMs: PATIENT_POLL_MS, ...layout },
      operations,
      faults,
    },
  };
}

const write = (count = 6): Stop => ({ kind: 'write', count, maxIoLb: 16, intervalUs: 20_000 });
const snapshot: Stop = { kind: 'snapshot' };
const at = (kind: ChaosOperation['kind'], archive = 'a0'): Stop => ({ kind, archive });
const command = (server: string, words: string): Stop => ({ kind: 'command', server, words });
const shutdown = (server: string, mode: 'graceful' | 'force'): Stop => ({ kind: 'shutdown', server, mode });
const stopAt = (server: string, mode: 'graceful' | 'empty' | 'force'): Stop => ({
  ...{ kind: 'stop', server, mode, forUs: 300_000 },
});
const kill = (host: string, process: string, atS: number): Fault => ({
  ...{ kind: 'kill', atUs: atS * 1e6, host, process, downUs: 200_000 },
});
const failing = (
  host: string,
  process: string,
  step: string,
  code: 'EIO' | 'ENOSPC' = 'EIO',
  nth = 1,
): Fault => ({
  ...{ kind: 'error', host, process, step, call: null, nth, times: 1, code, effect: 'none' },
});

const crash = (
  host: string,
  process: string | null,
  step: string,
  phase: 'before' | 'torn' | 'after',
  nth = 1,
  how: 'kill' | 'power-loss' = 'kill',
): Fault => ({ kind: 'crash', host, process, step, call: null, nth, phase, how, downUs: 200_000 });

const BEGIN: readonly Stop[] = [{ kind: 'full-backup', afterS: 0 }, write(), snapshot];

/** Every conversation among servers, with reads that are short. */
const SMALL_PIECES = tour('', { group: 's0/p0/a0,a1', shortReadChance: 1 }, [
  ...BEGIN,
  { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
  write(),
  snapshot,
  { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
  { kind: 'hash-backup' },
  write(20),
  snapshot,
  at('merge'),
  at('apply'),
  at('apply'),
  { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
  write(20),
  { kind: 'full-backup' },
  write(20),
  snapshot,
  { kind: 'replicate', archive: 'a1', from: 'a0', doResync: true },
]).history;

export const TOURS: readonly Tour[] = [
  tour('a day', {}, [
    ...BEGIN,
    at('scan'),
    at('block-hash'),
    write(),
    snapshot,
    at('restore'),
    at('disable-snapshot'),
    at('enable-snapshot'),
    at('merge'),
    at('apply'),
    at('delete-restored'),
    stopAt('s0', 'empty'),
    stopAt('p0', 'graceful'),
    stopAt('a0', 'force'),
    { kind: 'kick' },
    { kind: 'status', server: 's0' },
    { kind: 'status', server: 'p0' },
    { kind: 'status', server: 'a0' },
    command('s0', 'get vol'),
    command('p0', 'get vol'),
    command('a0', 'get vol'),
    command('a0', 'version'),
    command('a0', 'sleep 1'),
    command('s0', 'dbg-dump-logpack-header VOL 0'),
    { kind: 'resize', growLb: 64 },
    { kind: 'hash-backup' },
    write(),
    snapshot,
  ]),
  tour('a day on thick volumes', { thin: false }, [
    ...BEGIN,
    at('restore'),
    command('a0', 'resize VOL 163840 zeroclear'),
    { kind: 'resize', growLb: 128 },
    write(),
    snapshot,
    at('merge'),
    at('apply'),
    at('delete-restored'),
    { kind: 'hash-backup' },
  ]),
  tour('cold copies', { keepOneColdSnapshot: true }, [
    ...BEGIN,
    at('restore'),
    write(),
    snapshot,
    at('restore'),
    { kind: 'resize', growLb: 64 },
    write(),
    snapshot,
    at('scan'),
    at('scan'),
    at('scan'),
    at('restore'),
    at('delete-restored'),
    at('apply'),
    at('delete-cold'),
    at('apply'),
  ]),
  tour('cold copies that are smaller than the image', {}, [
    ...BEGIN,
    at('restore'),
    at('restore'),
    { kind: 'resize', growLb: 64 },
    at('scan'),
    at('scan'),
    at('scan'),
    at('scan'),
    at('apply'),
    at('restore'),
    at('apply'),
    at('apply'),
  ]),
  tour(
    'power is lost while the log is written',
    { disk: 'sector512' },
    [
      ...BEGIN,
      { kind: 'write', count: 60, maxIoLb: 32, intervalUs: 500 },
      { kind: 'write', count: 60, maxIoLb: 32, intervalUs: 500, afterS: 2 },
      { kind: 'write', count: 60, maxIoLb: 32, intervalUs: 500, afterS: 2 },
      { kind: 'mend', afterS: 2 },
      write(),
      snapshot,
    ],
    [20, 40, 70].map((nth) => crash('s0', null, 'device.log.data', 'torn', nth, 'power-loss')),
  ),
  tour(
    'hashes fail',
    {},
    [...BEGIN, at('block-hash'), at('block-hash')],
    [failing('a0', 'walb-archive', 'archive.scan.read')],
  ),
  tour('two archives', { group: 's0/p0,p1/a0,a1' }, [
    ...BEGIN,
    { kind: 'synchronize', archive: 'a1', from: 'a0' },
    write(),
    snapshot,
    at('unsynchronize', 'a1'),
    write(),
    snapshot,
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
    { kind: 'hash-backup' },
    write(),
    snapshot,
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: true },
    command('a1', 'reset-vol VOL'),
    command('a1', 'clear-vol VOL'),
  ]),
  tour('every server ends and starts', {}, [
    ...BEGIN,
    shutdown('p0', 'force'),
    write(),
    snapshot,
    shutdown('s0', 'graceful'),
    write(),
    shutdown('a0', 'force'),
    { ...command('a0', 'get archive-uuid VOL'), afterS: 3 },
    write(),
    snapshot,
    { kind: 'mend' },
  ]),
  tour(
    'every server is killed',
    {},
    [...BEGIN, write(), snapshot, write(), snapshot, { kind: 'mend' }, write(), snapshot],
    [kill('s0', 'walb-storage', 5.2), kill('p0', 'walb-proxy', 6.2), kill('a0', 'walb-archive', 7.2)],
  ),
  tour('volumes come and go', {}, [
    ...BEGIN,
    command('s0', 'stop VOL force'),
    command('s0', 'reset-vol VOL'),
    command('s0', 'start VOL standby'),
    write(),
    { ...command('s0', 'stop VOL force'), afterS: 6 },
    command('s0', 'clear-vol VOL'),
    command('s0', 'init-vol VOL /dev/walb/vol0'),
    command('a0', 'stop VOL force'),
    command('a0', 'reset-vol VOL'),
    command('a0', 'clear-vol VOL'),
    command('p0', 'stop VOL force'),
    command('p0', 'clear-vol VOL'),
    { kind: 'mend' },
    write(),
    snapshot,
  ]),
  tour('more log than there is room for', { logLb: 1024 }, [
    ...BEGIN,
    stopAt('p0', 'force'),
    { kind: 'write', count: 120, maxIoLb: 32, intervalUs: 1000 },
    { kind: 'mend', afterS: 3 },
    write(),
    snapshot,
  ]),
  tour(
    'what fails is taken back',
    { keepOneColdSnapshot: true },
    [
      command('a0', 'init-vol VOL'),
      ...BEGIN,
      write(),
      snapshot,
      at('restore'),
      at('restore'),
      write(),
      snapshot,
      at('restore'),
      at('apply'),
      at('apply'),
      { kind: 'mend' },
    ],
    [
      failing('a0', 'walb-archive', 'archive.init.files'),
      failing('a0', 'walb-archive', 'archive.wdiff.sync', 'ENOSPC'),
      failing('a0', 'walb-archive', 'archive.restore.write'),
      failing('a0', 'walb-archive', 'archive.promote.writable'),
      failing('p0', 'walb-proxy', 'proxy.receive.wdiff', 'ENOSPC'),
    ],
  ),
  tour('short reads', { group: 's0/p0,p1/a0,a1', shortReadChance: 0.9 }, [
    ...BEGIN,
    at('scan'),
    at('block-hash'),
    { kind: 'synchronize', archive: 'a1', from: 'a0' },
    write(),
    snapshot,
    at('unsynchronize', 'a1'),
    write(),
    snapshot,
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
    { kind: 'hash-backup' },
    write(),
    snapshot,
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: true },
  ]),
  tour(
    'the storage loses power',
    {},
    [...BEGIN, write(20), write(20), { kind: 'mend' }, write(), snapshot],
    [{ kind: 'power-loss', atUs: 6_700_000, host: 's0', downUs: 200_000 }],
  ),
  tour(
    'an archive dies in restores and backups',
    {},
    [
      ...BEGIN,
      at('restore'),
      at('restore'),
      at('restore'),
      { kind: 'mend', afterS: 3 },
      write(),
      snapshot,
      at('delete-cold'),
      { kind: 'full-backup' },
      { kind: 'mend', afterS: 3 },
      write(),
      snapshot,
    ],
    [
      crash('a0', 'walb-archive', 'archive.restore.write', 'after'),
      crash('a0', 'walb-archive', 'archive.restore.cold-time', 'before'),
      crash('a0', 'walb-archive', 'archive.full.image', 'after', 20),
      crash('a0', 'walb-archive', 'archive.full.flush', 'before', 2),
    ],
  ),
  tour(
    'a backup to a thick volume is cut',
    { thin: false },
    [...BEGIN, { kind: 'mend', afterS: 3 }, { kind: 'mend', afterS: 3 }, write(), snapshot],
    [crash('a0', 'walb-archive', 'archive.full.flush', 'before')],
  ),
  tour(
    'a storage dies while it queues',
    {},
    [...BEGIN, write(), snapshot, write(), snapshot, { kind: 'mend', afterS: 3 }, write(20), snapshot],
    [
      crash('s0', 'walb-storage', 'storage.queue.push', 'torn', 2, 'power-loss'),
      crash('s0', null, 'device.log.data', 'torn', 30, 'power-loss'),
    ],
  ),
  tour(
    'an archive is behind with its size',
    { group: 's0/p0/a0,a1', keepOneColdSnapshot: true },
    [
      ...BEGIN,
      at('restore'),
      { kind: 'resize', growLb: 64 },
      command('s0', 'resize VOL 163840'),
      write(),
      snapshot,
      at('restore'),
      at('scan'),
      at('scan'),
      at('apply'),
      at('apply'),
    ],
    [failing('a0', 'walb-archive', 'archive.resize.grow')],
  ),
  tour('two archives that went different ways', { group: 's0/p0/a0,a1', shortReadChance: 0.9 }, [
    ...BEGIN,
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
    write(),
    snapshot,
    { kind: 'hash-backup' },
    write(20),
    snapshot,
    at('merge'),
    at('apply'),
    at('apply'),
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
    command('a1', 'stop VOL force'),
    command('a1', 'reset-vol VOL'),
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: false },
    write(20),
    { kind: 'full-backup' },
    write(20),
    snapshot,
    { kind: 'replicate', archive: 'a1', from: 'a0', doResync: true },
  ]),
  tour('a proxy is stopped while log comes', {}, [
    ...BEGIN,
    command('p0', 'stop VOL force'),
    write(),
    snapshot,
    { ...command('p0', 'start VOL'), afterS: 6 },
    { kind: 'kick' },
    write(),
    snapshot,
  ]),
  tour('an archive that has an image refuses a full backup', {}, [
    ...BEGIN,
    command('s0', 'stop VOL force'),
    { ...command('s0', 'reset-vol VOL'), afterS: 3 },
    command('s0', 'full-bkp VOL'),
    { kind: 'mend', afterS: 3 },
    write(),
    snapshot,
  ]),
  // Drawn ones that reach what is hard to arrange; which, is checked (test/sim/chaos/crash-points.test.ts).
  ...[3, 12, 37, 62, 140].map((seed) => ({
    name: `seed ${seed} of the profile quick`,
    history: drawHistory(seed, chaosProfile('quick')),
  })),
  // Words of conversations are waited for one by one only where bytes come in small pieces.
  ...[1, 2, 3, 4, 5, 6, 7, 8, 11].map((seed) => ({
    name: `single bytes ${seed}`,
    history: { ...SMALL_PIECES, seed },
  })),
];
