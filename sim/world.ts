import { StateError } from '../core/errors.ts';
import type {
  ArchiveWorld,
  Clock,
  CodecJob,
  CodecPool,
  DeviceHost,
  FileStore,
  Labels,
  Log,
  Network,
  Random,
  StorageWorld,
  VolumeStore,
} from '../core/world/index.ts';
import { callInfo } from './call-info.ts';
import type { SimHost } from './host.ts';
import { type Incarnation, never } from './incarnation.ts';
import { NO_LABELS } from './kernel.ts';
import { createLog, type LogSink } from './log.ts';
import type { KeyedRandom } from './random.ts';

/** What all worlds of one simulation have in common. */
export interface WorldSettings {
  readonly log: LogSink | null;
  readonly codecs: CodecPool;
  /** Virtual time that a codec needs for each MiB of its input. */
  readonly codecUsPerMib: number;
}

/** Draws by purpose so far; they outlive the lives of a process, so that a second life repeats nothing. */
export type DrawCounts = Map<string, number>;

/**
 * The world of one task of one process life. `devices` and `volumes` throw StateError on a host without them.
 */
export class SimWorld implements StorageWorld, ArchiveWorld {
  readonly hostName: string;
  readonly pid: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly codecs: CodecPool;
  readonly log: Log;
  readonly incarnation: Incarnation;
  readonly #host: SimHost;
  readonly #settings: WorldSettings;
  readonly #labels: Labels;
  #network: Network | null = null;
  #files: FileStore | null = null;
  #devices: DeviceHost | null = null;
  #volumes: VolumeStore | null = null;

  constructor(
    host: SimHost,
    incarnation: Incarnation,
    settings: WorldSettings,
    labels: Labels,
    shared: { clock: Clock; random: Random },
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#labels = labels;
    this.incarnation = incarnation;
    this.hostName = host.name;
    this.pid = incarnation.pid;
    this.clock = shared.clock;
    this.random = shared.random;
    this.log = createLog(incarnation, host.clock, labels, settings.log);
    this.codecs = createCodecs(incarnation, settings, labels);
  }

  get network(): Network {
    this.#network ??= this.#host.networkPort(this.incarnation, this.#labels);
    return this.#network;
  }

  get files(): FileStore {
    this.#files ??= this.#host.files.portFor(this.incarnation, this.#labels);
    return this.#files;
  }

  get devices(): DeviceHost {
    this.#devices ??= this.#port(this.#host.devices, 'walb devices');
    return this.#devices;
  }

  get volumes(): VolumeStore {
    this.#volumes ??= this.#port(this.#host.volumes, 'volume store');
    return this.#volumes;
  }

  labelled(labels: Labels): SimWorld {
    return new SimWorld(this.#host, this.incarnation, this.#settings, { ...this.#labels, ...labels }, this);
  }

  #port<T>(part: { portFor(incarnation: Incarnation, labels: Labels): T } | null, what: string): T {
    if (part === null) throw new StateError(`Host ${this.hostName} has no ${what}.`);
    return part.portFor(this.incarnation, this.#labels);
  }
}

/** Random values of one process, keyed by host, process, purpose and the count of draws for the purpose. */
export function createRandom(incarnation: Incarnation, random: KeyedRandom, counts: DrawCounts): Random {
  const draw = (purpose: string, sizeBytes: number) => {
    const count = counts.get(purpose) ?? 0;
    counts.set(purpose, count + 1);
    if (incarnation.kernel.trace !== null) {
      incarnation.traceCall(callInfo('random', '', NO_LABELS, purpose, sizeBytes));
    }
    return random.at('program', incarnation.host, incarnation.process, purpose, count);
  };
  return {
    bytes: (purpose, sizeBytes) =>
      incarnation.alive ? draw(purpose, sizeBytes).bytes(sizeBytes) : new Uint8Array(sizeBytes),
    below: (purpose, bound) => (incarnation.alive ? draw(purpose, 0).below(bound) : 0),
  };
}

/** Codecs that take virtual time. The pool they come from must settle by microtasks alone. */
function createCodecs(incarnation: Incarnation, settings: WorldSettings, labels: Labels): CodecPool {
  const settle = <T>(sizeBytes: number, effect: () => T): Promise<T> => {
    const latencyUs = Math.ceil((sizeBytes * settings.codecUsPerMib) / (1024 * 1024));
    return incarnation.call(callInfo('codec.run', '', labels, '', sizeBytes), latencyUs, effect);
  };
  return {
    run: async (jobs: readonly CodecJob[]) => {
      if (!incarnation.alive) return never();
      let sizeBytes = 0;
      for (const job of jobs) sizeBytes += job.data.length;
      let results: Uint8Array[];
      try {
        results = await settings.codecs.run(jobs);
      } catch (error) {
        return settle(sizeBytes, () => {
          throw error;
        });
      }
      return settle(sizeBytes, () => results);
    },
  };
}
