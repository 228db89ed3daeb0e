import { parseGroupLayout } from '../group-layout.ts';
import type { KeyedRandom, RandomStream } from '../random.ts';
import { drawEvenly, drawWeighted } from './draw.ts';
import type { ChaosLayout } from './layout.ts';
import type { ChaosOperation, ChaosOperationKind } from './operations.ts';
import type { ChaosProfile } from './profiles.ts';

/** When operations begin: the group needs that long to stand. */
const FIRST_US = 2_000_000;

/** How often each kind is drawn where it is enabled. */
const WEIGHTS: readonly (readonly [ChaosOperationKind, number])[] = [
  ['snapshot', 30],
  ['restore', 8],
  ['scan', 8],
  ['apply', 6],
  ['merge', 6],
  ['disable-snapshot', 4],
  ['enable-snapshot', 2],
  ['delete-restored', 4],
  ['delete-cold', 1],
  ['block-hash', 2],
  ['replicate', 6],
  ['synchronize', 5],
  ['unsynchronize', 2],
  ['resize', 2],
  ['full-backup', 1],
  ['hash-backup', 3],
  ['stop', 5],
  ['shutdown', 4],
  ['kick', 4],
  ['status', 3],
];

/** Operations of a run, in order of their times. Leaving one out changes no other. */
export function drawOperations(
  random: KeyedRandom,
  profile: ChaosProfile,
  layout: ChaosLayout,
  hasFlood: boolean,
): ChaosOperation[] {
  const shape = random.at('chaos-operations', 'shape');
  const count = drawEvenly(shape, profile.operationCount);
  const writes = drawEvenly(shape, profile.writeCount);
  const durationUs = drawEvenly(shape, profile.durationS) * 1_000_000;
  const enabled = WEIGHTS.filter(
    ([kind], i) => kind === 'snapshot' || random.at('chaos-enabled', i).chance(0.7),
  ).map(([kind, weight], i) => [kind, weight * (0.3 + random.at('chaos-weight', i).fraction())] as const);
  const operations: ChaosOperation[] = [];
  for (let volume = 0; volume < layout.volumeCount; volume++) {
    operations.push({ kind: 'full-backup', atUs: FIRST_US, key: 1_000_000 + volume, volume });
  }
  const bursts = Math.max(3, Math.round(count / 6));
  for (let i = 0; i < bursts; i++) {
    const one = random.at('chaos-writes', i);
    const atUs = FIRST_US + Math.floor((durationUs * i) / bursts);
    operations.push({
      kind: 'write',
      atUs,
      key: 2_000_000 + i,
      volume: one.below(layout.volumeCount),
      count: Math.ceil(writes / bursts),
      maxIoLb: one.pick([1, 8, 16, 32]),
      intervalUs: Math.floor((durationUs / writes) * one.fraction()),
    });
  }
  // The operator comes by now and then: a group that nobody looks after soon has nothing left to break.
  const rounds = Math.max(3, Math.round(count / 8));
  for (let i = 0; i < rounds; i++) {
    const one = random.at('chaos-mend', i);
    const atUs = FIRST_US + 2_000_000 + Math.floor((durationUs * (i + one.fraction())) / rounds);
    operations.push({ kind: 'mend', atUs, key: 4_000_000 + i, volume: i % layout.volumeCount });
  }
  if (hasFlood) operations.push(flood(random.at('chaos-flood'), layout, durationUs));
  const others = count - operations.length;
  for (let i = 0; i < others; i++) {
    const one = random.at('chaos-operation-draw', i);
    const atUs = FIRST_US + 1_000_000 + one.below(durationUs);
    operations.push(drawOperation(one, layout, { atUs, key: i }, drawWeighted(one, enabled)));
  }
  return operations
    .map((operation, i) => ({ operation, i }))
    .sort((a, b) => a.operation.atUs - b.operation.atUs || a.i - b.i)
    .map(({ operation }) => operation);
}

/** More log than the device keeps: the volume overflows unless it is sent fast enough. */
function flood(random: RandomStream, layout: ChaosLayout, durationUs: number): ChaosOperation {
  const count = Math.ceil((layout.logLb * 1.5) / 16);
  return {
    kind: 'write',
    atUs: FIRST_US + 5_000_000 + random.below(durationUs),
    key: 3_000_000,
    volume: random.below(layout.volumeCount),
    count,
    maxIoLb: 32,
    intervalUs: random.pick([0, 2000, 20_000]),
  };
}

function drawOperation(
  random: RandomStream,
  layout: ChaosLayout,
  timed: { readonly atUs: number; readonly key: number },
  kind: ChaosOperationKind,
): ChaosOperation {
  const { storages, proxies, archives } = parseGroupLayout(layout.group);
  const volume = random.below(layout.volumeCount);
  const archive = random.pick(archives);
  const on = { ...timed, volume };
  const at = { ...on, archive };
  switch (kind) {
    case 'replicate':
    case 'synchronize': {
      // The primary archive is the source; with only one archive the operation does nothing.
      const destination = archives[1 + random.below(Math.max(1, archives.length - 1))] ?? archives[0];
      const pair = { ...on, archive: destination as string, from: archives[0] as string };
      return kind === 'replicate' ? { kind, ...pair, doResync: random.chance(0.3) } : { kind, ...pair };
    }
    case 'unsynchronize':
      return { kind, ...on, archive: archives.at(-1) as string };
    case 'resize':
      return { kind, ...on, growLb: random.pick([8, 64, 128]) };
    case 'stop': {
      const server = random.pick([...storages, ...proxies, ...archives]);
      const mode = random.pick(['graceful', 'empty', 'force'] as const);
      return { kind, ...on, server, mode, forUs: random.between(100_000, 8_000_000) };
    }
    case 'shutdown': {
      const server = random.pick([...storages, ...proxies, ...archives]);
      return { kind, ...timed, server, mode: random.pick(['graceful', 'force'] as const) };
    }
    case 'status':
      return { kind, ...timed, server: random.pick([...storages, ...proxies, ...archives]) };
    case 'kick':
      return { kind, ...timed };
    case 'command':
      return { kind, ...on, server: random.pick([...storages, ...proxies, ...archives]), words: 'status' };
    case 'write':
      return { kind, ...on, count: 10, maxIoLb: 16, intervalUs: 10_000 };
    case 'snapshot':
    case 'full-backup':
    case 'hash-backup':
    case 'mend':
      return { kind, ...on };
    default:
      return { kind, ...at };
  }
}
