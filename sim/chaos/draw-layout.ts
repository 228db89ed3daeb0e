import type { KeyedRandom } from '../random.ts';
import { drawLogarithmic, drawWeighted } from './draw.ts';
import { type ChaosLayout, PATIENT_POLL_MS, PLAIN_LAYOUT } from './layout.ts';
import type { ChaosProfile } from './profiles.ts';

const GROUPS: readonly (readonly [string, number])[] = [
  ['s0/p0/a0', 2],
  ['s0/p0,p1/a0', 3],
  ['s0/p0/a0,a1', 3],
  ['s0/p0,p1/a0,a1', 4],
  ['s0,s1/p0,p1/a0,a1', 1],
  ['s0/p0,p1,p2/a0', 1],
];

/** Draws a layout. Each value depends on the seed and its own name alone. */
export function drawLayout(random: KeyedRandom, profile: ChaosProfile): ChaosLayout {
  const at = (name: string) => random.at('chaos-layout', name);
  const group = drawWeighted(at('group'), GROUPS);
  const storageCount = (group.split('/')[0] as string).split(',').length;
  const sizes = {
    group,
    volumeCount:
      storageCount > 1
        ? 2
        : drawWeighted(at('volumes'), [
            [1, 5],
            [2, 1],
          ]),
    deviceLb: at('device').pick([64, 128, 256]),
    logLb: at('log').pick([1024, 1536, 2048]),
  };
  if (profile.isPlain) return { ...PLAIN_LAYOUT, ...sizes, operatorPollMs: PATIENT_POLL_MS };
  /** Mostly the plain value, in three of ten runs an extreme one. */
  const knob = <T>(name: string, plain: T, extremes: readonly T[]): T => {
    const stream = at(name);
    return stream.chance(0.3) ? stream.pick(extremes) : plain;
  };
  const latency = (name: string, low: number, high: number) =>
    Math.round(drawLogarithmic(at(name), [low, high]));
  const linkMeanUs = latency('link', 300, 30_000);
  return {
    ...PLAIN_LAYOUT,
    ...sizes,
    thin: at('thin').chance(0.8),
    fileSystem: drawWeighted(at('files'), [
      ['ext4', 3],
      ['xfs', 3],
      ['posix', 4],
    ]),
    disk: drawWeighted(at('disk'), [
      ['none', 1],
      ['ideal', 3],
      ['sector512', 3],
      ['nvme-awupf8', 2],
    ]),
    resetDropsQueued: at('reset').chance(0.5),
    shortReadChance: knob('short-read', 0, [0.02, 0.2]),
    linkMinUs: Math.floor(linkMeanUs * at('link-min').fraction()),
    linkMeanUs,
    fileMeanUs: latency('file', 30, 3000),
    syncMeanUs: latency('sync', 300, 30_000),
    diskMeanUs: latency('disk-latency', 50, 5000),
    volumeCommandMeanUs: latency('volume-command', 20_000, 800_000),
    skewMaxS: knob('skew', 0, [1, 3600, 86_400]),
    timerLateMaxUs: knob('timer', 0, [1000, 20_000]),
    socketTimeoutS: knob('socket', 2, [1, 4, 10]),
    minRetryDelayS: knob('min-retry', 1, [2]),
    maxRetryDelayS: knob('max-retry', 4, [2, 8]),
    retryTimeoutS: knob('retry-timeout', 6, [2, 60]),
    implicitSnapshotIntervalS: knob('implicit', 5, [1, 2, 20]),
    maxConnections: knob('connections', 10, [3, 5, 30]),
    maxForegroundTasks: knob('foreground', 2, [1, 4]),
    maxBackgroundTasks: knob('background', 2, [1, 4]),
    maxWdiffSendCount: knob('wdiffs', 1000, [1, 2]),
    maxOpenDiffs: knob('open-diffs', 0, [1, 3]),
    fsyncIntervalBytes: knob('fsync', 1024 * 1024, [4096, 65_536]),
    keepOneColdSnapshot: at('cold').chance(0.3),
    operatorPollMs: PATIENT_POLL_MS,
  };
}
