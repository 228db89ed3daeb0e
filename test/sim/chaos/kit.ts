import { inlineCodecPool, loadPortableCodecs } from '../../../core/engine/codec-registry.ts';
import type { World } from '../../../core/world/index.ts';
import { hostTurn } from '../../../native/turn.ts';
import { converge } from '../../../sim/chaos/converge.ts';
import { type ChaosFailure, PropertyError } from '../../../sim/chaos/failure.ts';
import { type ChaosLayout, PLAIN_LAYOUT } from '../../../sim/chaos/layout.ts';
import type { ChaosOperation } from '../../../sim/chaos/operations.ts';
import { performOperation } from '../../../sim/chaos/perform.ts';
import { type ChaosHistory, type ChaosMachine, failureOf } from '../../../sim/chaos/run.ts';
import { checkSafety } from '../../../sim/chaos/safety.ts';
import { buildSite, type ChaosSite } from '../../../sim/chaos/site.ts';
import { rememberingCodecs } from '../../../sim/remembering-codecs.ts';
import { Simulation } from '../../../sim/simulation.ts';
import type { SimWorld } from '../../../sim/world.ts';

export const machine: ChaosMachine = {
  newTurn: () => hostTurn,
  codecs: inlineCodecPool(rememberingCodecs(await loadPortableCodecs())),
};

/** A small quiet day: a backup, writes, two snapshots. */
export const SMALL_DAY: readonly ChaosOperation[] = [
  { kind: 'full-backup', atUs: 2_000_000, key: 1, volume: 0 },
  { kind: 'write', atUs: 3_000_000, key: 2, volume: 0, count: 12, maxIoLb: 16, intervalUs: 50_000 },
  { kind: 'snapshot', atUs: 5_000_000, key: 3, volume: 0 },
  { kind: 'write', atUs: 6_000_000, key: 4, volume: 0, count: 12, maxIoLb: 16, intervalUs: 50_000 },
  { kind: 'snapshot', atUs: 8_000_000, key: 5, volume: 0 },
  { kind: 'scan', atUs: 11_000_000, key: 6, volume: 0, archive: 'a0' },
];

export function smallHistory(changes: Partial<ChaosHistory> = {}): ChaosHistory {
  return { version: 1, seed: 1, layout: PLAIN_LAYOUT, operations: SMALL_DAY, faults: [], ...changes };
}

export interface Planting {
  readonly layout?: Partial<ChaosLayout>;
  readonly operations?: readonly ChaosOperation[];
  /** Spoils something once the operations are done; properties are looked at behind it. */
  readonly plant?: (site: ChaosSite) => Promise<void> | void;
  /** Ends behind the planting and one look at what must hold at every moment. */
  readonly isSafetyOnly?: boolean;
}

/** Plays a day, spoils something from outside, and gives what the properties find. */
export async function playPlanted({
  layout = {},
  operations = SMALL_DAY,
  plant,
  isSafetyOnly = false,
}: Planting): Promise<ChaosFailure | null> {
  const simulation = new Simulation({ seed: 1, turn: hostTurn, codecs: machine.codecs });
  let site: ChaosSite | null = null;
  const look = (at: ChaosSite) => {
    if (at.failure !== null) throw at.failure;
  };
  try {
    await simulation.run(async () => {
      site = await buildSite(simulation, { ...PLAIN_LAYOUT, ...layout }, checkSafety);
      for (const operation of operations) {
        await performOperation(site, operation);
        checkSafety(site);
        look(site);
      }
      await Promise.all(site.running);
      await plant?.(site);
      look(site);
      checkSafety(site);
      if (!isSafetyOnly) await converge(site);
      look(site);
    });
    return null;
  } catch (error) {
    return failureOf(error, simulation);
  }
}

/** `PROPERTY PLACE` of what is found, or that nothing is. */
export function told(failure: ChaosFailure | null): string {
  return failure === null ? 'nothing' : `${failure.property} ${failure.place}`;
}

/** Does something to a host's files as a program of its own. */
export async function sabotage(
  site: ChaosSite,
  host: string,
  work: (world: SimWorld) => Promise<void>,
): Promise<void> {
  let failure: unknown = null;
  const program = site.group.host(host).spawn('saboteur', async (world) => {
    try {
      await work(world);
    } catch (error) {
      failure = error;
    }
    return 0;
  });
  await program.exited;
  if (failure !== null) throw failure;
}

/** Writes a whole file anew, durable. */
export async function overwrite(world: World, path: string, content: Uint8Array): Promise<void> {
  const file = await world.files.open(path, 'create', 'sabotage');
  await file.write(0, content, 'sabotage');
  await file.sync('sabotage');
  file.close();
}

export { PropertyError };
