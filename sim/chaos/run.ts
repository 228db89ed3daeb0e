import { errorText } from '../../core/errors.ts';
import { SURE_STATE, UNSURE_STATE } from '../../core/server/shared/state-file.ts';
import { parseStateChange } from '../../core/server/shared/state-machine.ts';
import type { CodecPool } from '../../core/world/index.ts';
import { DeadlockError, SpinningError, type Turn } from '../event-loop.ts';
import type { MediumDamageFault } from '../fault-kinds.ts';
import { executeHistory, type History, type HistoryPlayer } from '../history.ts';
import { PoisonError } from '../kernel.ts';
import type { LogLine, LogSink } from '../log.ts';
import type { Simulation, SimulationOptions } from '../simulation.ts';
import type { TraceSink } from '../trace.ts';
import { converge } from './converge.ts';
import { type ChaosFailure, PropertyError } from './failure.ts';
import type { ChaosLayout } from './layout.ts';
import { checkChaosLayout } from './layout.ts';
import type { ChaosOperation } from './operations.ts';
import { checkChaosOperation } from './operations.ts';
import { performOperation } from './perform.ts';
import { checkSafety } from './safety.ts';
import { buildSite, type ChaosCounts, type ChaosSite, guarded } from './site.ts';
import { TransitionWatch } from './transitions.ts';

/** A chaos history: plain JSON data. */
export type ChaosHistory = History<ChaosLayout, ChaosOperation>;

/** How to read histories of this kind. */
export const CHAOS_CHECKS = { layout: checkChaosLayout, operation: checkChaosOperation };

/** What a host of simulations gives: see native/turn.ts and core/engine/codec-registry.ts. */
export interface ChaosMachine {
  readonly newTurn: () => Turn;
  readonly codecs: CodecPool;
}

/** How a run is watched. */
export interface ChaosRunOptions {
  readonly log?: LogSink;
  readonly trace?: TraceSink;
  readonly poison?: boolean;
  /** Told each operation when it begins. */
  readonly onOperation?: (operation: ChaosOperation, index: number, nowUs: number) => void;
  /** Called with the site once it has converged, for further judgement. What it throws is the failure of the run. */
  readonly afterwards?: (site: ChaosSite) => Promise<void>;
  /** Told when the last operation was begun: no fault strikes any more. */
  readonly onCalm?: () => void;
}

/** What a run found and did. */
export interface ChaosOutcome {
  readonly failure: ChaosFailure | null;
  readonly counts: ChaosCounts;
  readonly writes: number;
  /** Faults that struck: kills and power losses, and all others. */
  readonly crashes: number;
  readonly otherFaults: number;
  /** By kind. */
  readonly fired: ReadonlyMap<string, number>;
  /** Steps at which a crash struck. */
  readonly struckSteps: ReadonlySet<string>;
  /** Calls that failed by an injected error, as `STEP CALL`. */
  readonly struckCalls: ReadonlySet<string>;
  readonly transitions: ReadonlyMap<string, number>;
  /** Calls by step. */
  readonly steps: ReadonlyMap<string, number>;
  readonly virtualTimeUs: number;
  readonly eventCount: number;
}

/** Faults of storage: a program that cannot read or write its files may give up. */
const EXCUSING_KINDS: readonly string[] = [
  'error',
  'files-full',
  'files-mode',
  'sync-failures',
  'medium-mode',
  'medium-damage',
  'volumes-full',
];
const CRASH_KINDS: readonly string[] = ['crash', 'kill', 'power-loss'];

/** Runs a history in a simulation of its own. Throws nothing: what goes wrong is in the outcome. */
export async function runChaos(
  history: ChaosHistory,
  machine: ChaosMachine,
  options: ChaosRunOptions = {},
): Promise<ChaosOutcome> {
  const transitions = new TransitionWatch();
  let site: ChaosSite | null = null;
  let simulation: Simulation | null = null;
  const log = (line: LogLine): void => {
    options.log?.(line);
    for (const [begin, isUnsure] of [[UNSURE_STATE, true] as const, [SURE_STATE, false] as const]) {
      if (line.message.startsWith(begin)) site?.unsureStates.set(`${line.host} ${line.volume}`, isUnsure);
    }
    if (line.level !== 'debug') return;
    const change = parseStateChange(line.message);
    const program = line.incarnation.slice(0, line.incarnation.indexOf('#'));
    if (change === null) return;
    // The files of a volume that is gone say nothing.
    const key = `${line.host} ${line.volume}`;
    if (change.to === 'Clear' && site?.unsureStates.has(key)) site.unsureStates.set(key, false);
    const check = () => transitions.note(program, line.volume, change.from, change.to);
    if (site === null) check();
    else guarded(site, check);
  };
  const player: HistoryPlayer<ChaosLayout, ChaosOperation, ChaosSite> = {
    armsAfterBuild: true,
    build: async (made, layout) => {
      simulation = made;
      site = await buildSite(made, layout, checkSafety);
      for (const fault of history.faults) {
        if (EXCUSING_KINDS.includes(fault.kind) && 'host' in fault && fault.host !== null) {
          site.excused.add(fault.host);
        }
        if (fault.kind === 'file-rot') site.rotten.add(fault.host);
        if (fault.kind === 'medium-damage') noteLogDamage(site, fault);
      }
      return site;
    },
    perform: async (at, operation, index) => {
      throwFailure(at);
      options.onOperation?.(operation, index, at.simulation.nowUs);
      await performOperation(at, operation);
      guarded(at, () => checkSafety(at));
      throwFailure(at);
    },
    finish: async (at) => {
      options.onCalm?.();
      await converge(at);
      throwFailure(at);
      await options.afterwards?.(at);
      throwFailure(at);
    },
  };
  let failure: ChaosFailure | null = null;
  try {
    await executeHistory(history, player, simulationOptions(history.layout, machine, options, log));
  } catch (error) {
    failure = failureOf(error, simulation);
  }
  return outcomeOf(failure, site, simulation, transitions);
}

function noteLogDamage(site: ChaosSite, { host, medium, atUs }: MediumDamageFault): void {
  for (const truth of site.volumes) {
    if (truth.storage !== host || `log${truth.device.path.slice('/dev/walb/'.length)}` !== medium) continue;
    truth.logDamagedFromUs = Math.min(truth.logDamagedFromUs ?? atUs, atUs);
  }
}

function throwFailure(site: ChaosSite): void {
  if (site.failure !== null) throw site.failure;
}

function simulationOptions(
  layout: ChaosLayout,
  machine: ChaosMachine,
  options: ChaosRunOptions,
  log: LogSink,
): Omit<SimulationOptions, 'seed'> {
  const { linkMinUs, linkMeanUs, resetDropsQueued, shortReadChance, timerLateMaxUs } = layout;
  const link = { latencyMinUs: linkMinUs, latencyMeanUs: linkMeanUs, bytesPerS: null, quantumBytes: 65_536 };
  return {
    turn: machine.newTurn(),
    codecs: machine.codecs,
    network: { link, resetDropsQueued, shortReadChance },
    clock: { timerLateMaxUs },
    log,
    trace: options.trace ?? null,
    poison: options.poison ?? false,
  };
}

/** What an error that ended a run stands for. */
export function failureOf(error: unknown, simulation: Simulation | null): ChaosFailure {
  const atUs = simulation?.nowUs ?? 0;
  if (error instanceof PropertyError) {
    return { property: error.property, place: error.place, message: error.message, atUs };
  }
  const isStuck = [DeadlockError, SpinningError, PoisonError].some((kind) => error instanceof kind);
  const name = error instanceof Error ? error.name : 'unknown';
  const message = error instanceof Error ? (error.stack ?? error.message) : errorText(error);
  return { property: isStuck ? 'run-ends' : 'no-program-error', place: name, message, atUs };
}

function outcomeOf(
  failure: ChaosFailure | null,
  site: ChaosSite | null,
  simulation: Simulation | null,
  transitions: TransitionWatch,
): ChaosOutcome {
  const fired = new Map<string, number>();
  const struckSteps = new Set<string>();
  const struckCalls = new Set<string>();
  let crashes = 0;
  let otherFaults = 0;
  for (const [key, count] of simulation?.faults.fired ?? []) {
    const kind = key.slice(0, key.indexOf(' '));
    // `KIND HOST INCARNATION STEP CALL` of crashes and errors, see FaultPlan.
    const [step = '', call = ''] = key.split(' ').slice(-2);
    if (kind === 'crash') struckSteps.add(step);
    if (kind === 'error') struckCalls.add(`${step} ${call}`);
    fired.set(kind, (fired.get(kind) ?? 0) + count);
    if (CRASH_KINDS.includes(kind)) crashes += count;
    else otherFaults += count;
  }
  const steps = new Map<string, number>();
  for (const [step, kinds] of simulation?.kernel.stepCounts ?? []) {
    let total = 0;
    for (const { count } of kinds.values()) total += count;
    steps.set(step, total);
  }
  const none = { operations: 0, refused: 0, snapshots: 0, judged: 0, hashBackups: 0, fullBackups: 0 };
  return {
    failure,
    counts: site === null ? none : { ...(site as ChaosSite).counts },
    writes:
      site === null ? 0 : (site as ChaosSite).volumes.reduce((sum, { writeCount }) => sum + writeCount, 0),
    crashes,
    otherFaults,
    fired,
    struckSteps,
    struckCalls,
    transitions: transitions.seen,
    steps,
    virtualTimeUs: simulation?.nowUs ?? 0,
    eventCount: simulation?.kernel.loop.firedCount ?? 0,
  };
}
