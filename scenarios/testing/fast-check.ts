/**
 * `walbox/fast-check`: arbitraries of histories and their parts for fast-check. Values are drawn as `walbox chaos` draws
 * them, each from one seed, and all shrink: fewer operations and faults, simpler ones, a plainer layout. Values are plain
 * JSON: what fast-check prints as the counterexample is the expression that `simulate` of walbox/testing takes.
 */
import fc from 'fast-check';
import { drawArmed, drawFaults } from '../../sim/chaos/draw-faults.ts';
import { drawLayout } from '../../sim/chaos/draw-layout.ts';
import { drawOperations } from '../../sim/chaos/draw-operations.ts';
import { drawHistory } from '../../sim/chaos/generate.ts';
import type { ChaosLayout } from '../../sim/chaos/layout.ts';
import type { ChaosOperation } from '../../sim/chaos/operations.ts';
import { type ChaosProfile, chaosProfile } from '../../sim/chaos/profiles.ts';
import type { ChaosHistory } from '../../sim/chaos/run.ts';
import {
  plainFields,
  shorterLists,
  simplerFaults,
  simplerHistories,
  simplerItems,
  simplerOperations,
} from '../../sim/chaos/simpler.ts';
import type { Fault } from '../../sim/fault-kinds.ts';
import { KeyedRandom } from '../../sim/random.ts';
import type { Workload, WorkloadStep } from './workload.ts';

/** How much happens and goes wrong. */
export interface DrawOptions {
  /** `calm`, `ci`, `nightly`, `cruel` (docs/chaos.md, "Profiles") or a profile of your own. Default `ci`. */
  readonly profile?: string | ChaosProfile;
}

/** How many faults, and over which time. */
export interface FaultsOptions extends DrawOptions {
  /** Virtual seconds over which faults are spread. Default 60. */
  readonly durationS?: number;
}

/** How large a device and a workload are. */
export interface WorkloadOptions {
  /** Size of the device in logical blocks. Default 2048: the device of 1 MiB that `simulate` makes. */
  readonly sizeLb?: number;
  /** Largest write. Default 32. */
  readonly maxIoLb?: number;
  /** Most steps. Default 40. */
  readonly maxLength?: number;
}

/** A whole history: layout, operations and faults. `simulate(history)` of walbox/testing performs and judges it. */
export function history(options: DrawOptions = {}): fc.Arbitrary<ChaosHistory> {
  const profile = profileOf(options);
  return new DrawnArbitrary((random) => drawHistory(random.seed, profile), simplerHistories);
}

/** A layout: servers, sizes, media, latencies and options. Shrinks field by field to the plain one; servers stay. */
export function layout(options: DrawOptions = {}): fc.Arbitrary<ChaosLayout> {
  const profile = profileOf(options);
  return new DrawnArbitrary((random) => drawLayout(random, profile), simplerLayouts);
}

/** What operators and applications do to a group of a layout, in order of time. */
export function operations(
  where: ChaosLayout,
  options: DrawOptions = {},
): fc.Arbitrary<readonly ChaosOperation[]> {
  const profile = profileOf(options);
  return new DrawnArbitrary<readonly ChaosOperation[]>(
    (random) => drawOperations(random, profile, where, false),
    (items) => simplerLists(items, simplerOperations),
  );
}

/** What goes wrong in a group of a layout. */
export function faults(where: ChaosLayout, options: FaultsOptions = {}): fc.Arbitrary<readonly Fault[]> {
  const profile = profileOf(options);
  const endUs = (options.durationS ?? 60) * 1e6;
  return new DrawnArbitrary<readonly Fault[]>(
    (random) => drawFaults(random, profile, where, drawArmed(random, profile), endUs),
    (items) => simplerLists(items, simplerFaults),
  );
}

/** What an application does to its device; `performWorkload` of walbox/testing does it. */
export function workload(options: WorkloadOptions = {}): fc.Arbitrary<Workload> {
  const { sizeLb = 2048, maxIoLb = 32, maxLength = 40 } = options;
  const range = fc
    .record({ addressLb: fc.nat(sizeLb - 1), sizeLb: fc.integer({ min: 1, max: maxIoLb }) })
    .map((at) => ({ addressLb: at.addressLb, sizeLb: Math.min(at.sizeLb, sizeLb - at.addressLb) }));
  const step: fc.Arbitrary<WorkloadStep> = fc.oneof(
    { arbitrary: fc.record({ range, key: fc.nat(0xffff) }).map(writeOf), weight: 8 },
    { arbitrary: range.map((at): WorkloadStep => ({ kind: 'discard', ...at })), weight: 1 },
    { arbitrary: fc.constant<WorkloadStep>({ kind: 'flush' }), weight: 1 },
  );
  return fc.array(step, { maxLength });
}

function writeOf(drawn: { range: { addressLb: number; sizeLb: number }; key: number }): WorkloadStep {
  return { kind: 'write', ...drawn.range, key: drawn.key };
}

function profileOf({ profile = 'ci' }: DrawOptions): ChaosProfile {
  return typeof profile === 'string' ? chaosProfile(profile) : profile;
}

function* simplerLayouts(value: ChaosLayout): Generator<ChaosLayout> {
  for (const plain of plainFields(value)) yield { ...value, ...plain };
}

function* simplerLists<T>(items: readonly T[], simpler: (item: T) => readonly T[]): Generator<readonly T[]> {
  yield* shorterLists(items);
  yield* simplerItems(items, simpler);
}

const MAX_SEED = 0x7fff_ffff;

/** Values drawn from one seed each by the drawing of sim/chaos, and made simpler by it. */
class DrawnArbitrary<T> extends fc.Arbitrary<T> {
  readonly #draw: (random: KeyedRandom) => T;
  readonly #simpler: (value: T) => Iterable<T>;

  constructor(draw: (random: KeyedRandom) => T, simpler: (value: T) => Iterable<T>) {
    super();
    this.#draw = draw;
    this.#simpler = simpler;
  }

  override generate(random: fc.Random): fc.Value<T> {
    return new fc.Value(this.#draw(new KeyedRandom(random.nextInt(0, MAX_SEED))), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is T {
    return typeof value === 'object' && value !== null;
  }

  override shrink(value: T): fc.Stream<fc.Value<T>> {
    return fc.stream(wrapped(this.#simpler(value)));
  }
}

function* wrapped<T>(values: Iterable<T>): IterableIterator<fc.Value<T>> {
  for (const value of values) yield new fc.Value(value, undefined);
}
