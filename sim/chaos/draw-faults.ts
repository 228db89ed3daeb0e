import { DEVICE_STEPS } from '../../core/device/steps.ts';
import { ARCHIVE_STEPS } from '../../core/server/archive/steps.ts';
import { PROXY_STEPS } from '../../core/server/proxy/steps.ts';
import { STORAGE_STEPS } from '../../core/server/storage/steps.ts';
import type { CrashFault, ErrorFault, Fault } from '../fault-kinds.ts';
import { type GroupLayout, parseGroupLayout } from '../group-layout.ts';
import type { KeyedRandom, RandomStream } from '../random.ts';
import { drawCount, drawDurationUs, drawLogarithmic, drawWeighted } from './draw.ts';
import { type ChaosLayout, volumeName } from './layout.ts';
import { type ChaosProfile, FAULT_CLASSES, type FaultClass } from './profiles.ts';

/** What a fault is drawn from. */
interface Scene {
  readonly profile: ChaosProfile;
  readonly layout: ChaosLayout;
  readonly names: GroupLayout;
  /** Virtual time at which the last operation begins. */
  readonly endUs: number;
}

type Draw = (random: RandomStream, scene: Scene) => Fault[];

const FIRST_US = 1_500_000;

/** Which classes a run arms: each for itself; one run of twenty has none. */
export function drawArmed(random: KeyedRandom, profile: ChaosProfile): FaultClass[] {
  if (random.at('chaos-control').chance(0.05)) return [];
  return FAULT_CLASSES.filter((name) => random.at('chaos-armed', name).chance(profile.arming[name] ?? 0));
}

/** The faults of a run, by class; leaving one out changes no other. */
export function drawFaults(
  random: KeyedRandom,
  profile: ChaosProfile,
  layout: ChaosLayout,
  armed: readonly FaultClass[],
  endUs: number,
): Fault[] {
  const scene: Scene = { profile, layout, names: parseGroupLayout(layout.group), endUs };
  const faults: Fault[] = [];
  for (const name of armed) {
    const isCrash = name === 'kill' || name === 'power-loss' || name === 'crash-at-call';
    const range = isCrash ? profile.crashCount : profile.faultCount;
    const count = drawCount(random.at('chaos-fault-count', name), range);
    for (let i = 0; i < count; i++) faults.push(...DRAWS[name](random.at('chaos-fault', name, i), scene));
  }
  return faults;
}

function anyTime(random: RandomStream, { endUs }: Scene): number {
  return random.between(FIRST_US, Math.max(FIRST_US, endUs));
}

function allNames({ names }: Scene): string[] {
  return [...names.storages, ...names.proxies, ...names.archives];
}

function programOf({ names }: Scene, host: string): string {
  if (names.storages.includes(host)) return 'walb-storage';
  return names.proxies.includes(host) ? 'walb-proxy' : 'walb-archive';
}

/** Now and then until the end of all faults. */
function down(random: RandomStream, { profile }: Scene): number | null {
  return random.chance(0.05) ? null : drawDurationUs(random, profile.downS);
}

/** Two hosts that talk, in the direction client to server. */
function talkers(random: RandomStream, { names }: Scene): [string, string] {
  const { storages, proxies, archives } = names;
  return drawWeighted<() => [string, string]>(random, [
    [() => [random.pick(storages), random.pick(proxies)], 4],
    [() => [random.pick(proxies), random.pick(archives)], 4],
    [() => [random.pick(storages), archives[0] as string], 2],
    [() => [random.pick(archives), random.pick(archives)], 1],
    [() => ['operator', random.pick([...storages, ...proxies, ...archives])], 2],
  ])();
}

function stepsOf(scene: Scene, host: string): readonly string[] {
  if (scene.names.storages.includes(host)) return Object.values(STORAGE_STEPS);
  return Object.values(scene.names.proxies.includes(host) ? PROXY_STEPS : ARCHIVE_STEPS);
}

/** Calls at which crashes are drawn. */
export const CRASH_CALLS: readonly string[] = [
  'file.write',
  'file.sync',
  'file.rename',
  'file.link',
  'file.unlink',
  'file.sync-directory',
  'file.open',
  'net.write',
  'net.connect',
  'volume.snapshot',
  'volume.rename',
  'volume.remove',
  'disk.write',
  'disk.flush',
];

/** Calls at which errors are drawn. */
export const ERROR_CALLS: readonly string[] = [
  'file.write',
  'file.sync',
  'file.rename',
  'file.open',
  'file.sync-directory',
  'file.read',
];

function crashAtCall(random: RandomStream, scene: Scene): Fault[] {
  const host = random.pick(allNames(scene));
  const phase = random.pick(['before', 'torn', 'after', 'delivered'] as const);
  const how = random.pick(['kill', 'power-loss'] as const);
  const common = { kind: 'crash', host, process: null, phase, how, downUs: down(random, scene) } as const;
  const where = drawWeighted<() => Pick<CrashFault, 'step' | 'call' | 'nth'>>(random, [
    [
      () => ({
        step: random.pick(stepsOf(scene, host)),
        call: null,
        nth: Math.ceil(drawLogarithmic(random, [1, 8])),
      }),
      4,
    ],
    [
      () => ({
        step: null,
        call: random.pick(CRASH_CALLS),
        nth: Math.ceil(drawLogarithmic(random, [1, 60])),
      }),
      4,
    ],
    [() => ({ step: null, call: null, nth: Math.ceil(drawLogarithmic(random, [1, 2000])) }), 4],
  ])();
  if (scene.names.storages.includes(host) && random.chance(0.3)) {
    const step = random.pick(Object.values(DEVICE_STEPS));
    return [
      { ...common, how: 'power-loss', step, call: null, nth: Math.ceil(drawLogarithmic(random, [1, 20])) },
    ];
  }
  return [{ ...common, ...where }];
}

function ioError(random: RandomStream, scene: Scene): Fault[] {
  const host = random.pick(allNames(scene));
  // Only programs: an error below a walb device makes it read-only for good.
  const common = {
    kind: 'error',
    host,
    process: programOf(scene, host),
    times: random.between(1, 3),
  } as const;
  const code = random.pick(['EIO', 'ENOSPC', 'EMFILE'] as const);
  const effect = random.pick(['none', 'part', 'whole'] as const);
  const nth = Math.ceil(drawLogarithmic(random, [1, 40]));
  const error: ErrorFault = random.chance(0.5)
    ? { ...common, step: random.pick(stepsOf(scene, host)), call: null, nth: Math.min(nth, 6), code, effect }
    : {
        ...common,
        step: null,
        call: random.pick(ERROR_CALLS),
        nth,
        code,
        effect,
      };
  return [error];
}

function partition(kind: 'partition' | 'hold'): Draw {
  return (random, scene) => {
    const [from, to] = talkers(random, scene);
    if (from === to) return [];
    const forUs = drawDurationUs(random, scene.profile.stallS);
    return [{ kind, atUs: anyTime(random, scene), from, to, both: random.chance(0.7), forUs }];
  };
}

function cut(random: RandomStream, scene: Scene): Fault[] {
  const [client, server] = talkers(random, scene);
  const how = drawWeighted(random, [
    ['fin', 3],
    ['rst', 4],
    ['silence', 3],
  ] as const);
  if (random.chance(0.2))
    return [{ kind: 'cut-all', atUs: anyTime(random, scene), from: client, to: server, how }];
  return [
    {
      kind: 'cut',
      client,
      server,
      port: null,
      nth: Math.ceil(drawLogarithmic(random, [1, 25])),
      direction: random.pick(['to-server', 'to-client'] as const),
      atByte: Math.floor(drawLogarithmic(random, [1, 20_000])) - 1,
      how,
    },
  ];
}

function mediumOf(random: RandomStream, { names, layout }: Scene, host: string): string {
  if (!names.storages.includes(host)) return `wb_${volumeName(random.below(layout.volumeCount))}`;
  return random.pick(['log0', 'data0']);
}

const DRAWS: Readonly<Record<FaultClass, Draw>> = {
  kill: (random, scene) => {
    const host = random.pick(allNames(scene));
    const process = programOf(scene, host);
    return [{ kind: 'kill', atUs: anyTime(random, scene), host, process, downUs: down(random, scene) }];
  },
  'power-loss': (random, scene) => [
    {
      kind: 'power-loss',
      atUs: anyTime(random, scene),
      host: random.pick(allNames(scene)),
      downUs: down(random, scene),
    },
  ],
  'crash-at-call': crashAtCall,
  'restart-storm': (random, scene) => {
    const host = random.pick(allNames(scene));
    const faults: Fault[] = [];
    let atUs = anyTime(random, scene);
    for (let i = random.between(3, 6); i > 0; i--) {
      const downUs = random.between(1000, 300_000);
      faults.push({ kind: 'kill', atUs, host, process: programOf(scene, host), downUs });
      atUs += downUs + Math.ceil(drawLogarithmic(random, [1000, 500_000]));
    }
    return faults;
  },
  pause: (random, scene) => {
    const host = random.pick(allNames(scene));
    const process = random.chance(0.5) ? programOf(scene, host) : null;
    return [
      {
        kind: 'pause',
        atUs: anyTime(random, scene),
        host,
        process,
        forUs: drawDurationUs(random, scene.profile.stallS),
      },
    ];
  },
  freeze: (random, scene) => [
    {
      kind: 'freeze',
      atUs: anyTime(random, scene),
      host: random.pick(allNames(scene)),
      forUs: drawDurationUs(random, scene.profile.stallS),
    },
  ],
  cut,
  refuse: (random, scene) => {
    const [client, server] = talkers(random, scene);
    const how = random.pick(['refused', 'unreachable', 'timeout'] as const);
    const nth = Math.ceil(drawLogarithmic(random, [1, 25]));
    return [{ kind: 'refuse', client, server, port: null, nth, times: random.between(1, 4), how }];
  },
  partition: partition('partition'),
  hold: partition('hold'),
  'slow-link': (random, scene) => {
    const [from, to] = talkers(random, scene);
    if (from === to) return [];
    const latencyMeanUs = Math.round(drawLogarithmic(random, [1000, 1_500_000]));
    return [
      {
        kind: 'slow-link',
        atUs: anyTime(random, scene),
        from,
        to,
        latencyMinUs: Math.floor(latencyMeanUs / 2),
        latencyMeanUs,
        bytesPerS: random.chance(0.7) ? Math.round(drawLogarithmic(random, [2000, 10_000_000])) : null,
        quantumBytes: 16_384,
        forUs: drawDurationUs(random, scene.profile.stallS),
      },
    ];
  },
  clock: (random, scene) => {
    const host = random.pick(allNames(scene));
    const atUs = anyTime(random, scene);
    if (random.chance(0.3)) {
      return [{ kind: 'clock-drift', atUs, host, driftPpm: random.pick([-500, -100, 100, 500]) }];
    }
    const seconds = random.pick([1, 60, 3600, 86_400, 315_360_000]) * random.pick([-1, 1]);
    return [{ kind: 'clock-step', atUs, host, byUs: seconds * 1_000_000 }];
  },
  'slow-io': (random, scene) => {
    const host = random.pick(allNames(scene));
    const call = random.pick([
      'file.sync',
      'file.write',
      'file.rename',
      'disk.write',
      'disk.flush',
      'disk.read',
      null,
    ]);
    return [
      {
        kind: 'delay',
        host,
        process: null,
        step: null,
        call,
        nth: Math.ceil(drawLogarithmic(random, [1, 200])),
        times: random.between(1, 5),
        addUs: Math.round(drawLogarithmic(random, [20_000, 15_000_000])),
      },
    ];
  },
  'io-error': ioError,
  'disk-full': (random, scene) => [
    {
      kind: 'files-full',
      atUs: anyTime(random, scene),
      host: random.pick(allNames(scene)),
      leaveBytes: random.pick([0, 4096, 16_384]),
      forUs: drawDurationUs(random, scene.profile.stallS),
    },
  ],
  'sync-failure': (random, scene) => {
    const host = random.pick(allNames(scene));
    const atUs = anyTime(random, scene);
    if (random.chance(0.3)) {
      const forUs = drawDurationUs(random, scene.profile.stallS);
      return [
        { kind: 'files-mode', atUs, host, mode: random.pick(['read-only', 'failing'] as const), forUs },
      ];
    }
    return [{ kind: 'sync-failures', atUs, host, count: random.between(1, 3) }];
  },
  // Its writes are among the operations.
  flood: () => [],
  'pool-full': (random, scene) => [
    {
      kind: 'volumes-full',
      atUs: anyTime(random, scene),
      host: random.pick(scene.names.archives),
      leaveLb: random.pick([0, 128, 512]),
      forUs: drawDurationUs(random, scene.profile.stallS),
    },
  ],
  'device-error': (random, scene) => {
    const host = random.pick([...scene.names.storages, ...scene.names.archives]);
    return [
      {
        kind: 'medium-mode',
        atUs: anyTime(random, scene),
        host,
        medium: mediumOf(random, scene, host),
        mode: random.pick(['error-all', 'error-reads', 'error-writes'] as const),
        forUs: drawDurationUs(random, scene.profile.stallS),
      },
    ];
  },
  // Diffs, wherever they wait or are kept; metadata and images are for scenarios (u27, u13).
  'file-rot': (random, scene) => [
    {
      kind: 'file-rot',
      atUs: anyTime(random, scene),
      host: random.pick([...scene.names.archives, ...scene.names.proxies]),
      suffix: '.wdiff',
      nth: random.below(16),
      offset: random.below(65_536),
      mask: 1 << random.below(8),
    },
  ],
  'bit-rot': (random, scene) => {
    const host = random.pick(scene.names.storages);
    return [
      {
        kind: 'medium-damage',
        atUs: anyTime(random, scene),
        host,
        medium: 'log0',
        damage: random.pick(['rot', 'unreadable'] as const),
        addressLb: 16 + random.below(Math.max(1, scene.layout.logLb - 32)),
        sizeLb: random.between(1, 8),
      },
    ];
  },
};
