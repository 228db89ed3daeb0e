import { DEVICE_STEPS } from '../../core/device/steps.ts';
import { PROTOCOL_STEPS } from '../../core/protocol/steps.ts';
import { ARCHIVE_STEPS } from '../../core/server/archive/steps.ts';
import { PROXY_STEPS } from '../../core/server/proxy/steps.ts';
import { STORAGE_STEPS } from '../../core/server/storage/steps.ts';
import type { CrashFault } from '../fault-kinds.ts';
import { EXCLUDED_STEPS } from './excluded-steps.ts';
import { type ChaosHistory, type ChaosMachine, runChaos } from './run.ts';
import { TOURS } from './tours.ts';

/** When a step is crashed: before its effect, in the middle of it, after it and before the program knows. */
export const CRASH_PHASES = ['before', 'torn', 'after'] as const;
export type CrashPhaseName = (typeof CRASH_PHASES)[number];

/** One crash that must be survived. */
export interface CrashPoint {
  readonly step: string;
  readonly phase: CrashPhaseName;
  readonly how: 'kill' | 'power-loss';
  readonly title: string;
}

/** A crash point and the history that reaches it. */
export interface CrashRun {
  readonly point: CrashPoint;
  readonly tour: string;
  readonly history: ChaosHistory;
}

/** Every declared step of servers, device and conversations. */
export const DECLARED_STEPS: readonly string[] = [
  ...[STORAGE_STEPS, PROXY_STEPS, ARCHIVE_STEPS, DEVICE_STEPS].flatMap((table) => Object.values(table)),
  ...PROTOCOL_STEPS,
];

/**
 * How often the calls of each step happen in a tour, by who makes them (`HOST PROCESS`, or `HOST` for its devices) and by
 * their kind; files are opened with a mode behind that.
 */
export type CallCounts = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, number>>>;

const DEVICE = new Set<string>(Object.values(DEVICE_STEPS));

/** Runs a tour without a crash and counts the calls of each step while faults could strike. Throws what fails. */
export async function learnTour(history: ChaosHistory, machine: ChaosMachine): Promise<CallCounts> {
  const counts = new Map<string, Map<string, Map<string, number>>>();
  let isLooking = false;
  const outcome = await runChaos(history, machine, {
    onOperation: () => {
      isLooking = true;
    },
    onCalm: () => {
      isLooking = false;
    },
    trace: ({ step, kind, host, incarnation, detail }) => {
      if (!isLooking || step === '' || /^(log|fault|net\.arrive)/.test(kind)) return;
      const process = DEVICE.has(step) ? '' : incarnation.slice(0, incarnation.indexOf('#'));
      if (process !== '' && !process.startsWith('walb-')) return;
      const byCaller = counts.get(step) ?? new Map<string, Map<string, number>>();
      counts.set(step, byCaller);
      const caller = process === '' ? host : `${host} ${process}`;
      const byCall = byCaller.get(caller) ?? new Map<string, number>();
      byCaller.set(caller, byCall);
      // What an open may fail with depends on its mode, which the detail ends with.
      const call = kind === 'file.open' ? `${kind} ${detail.split(' ')[1]}` : kind;
      byCall.set(call, (byCall.get(call) ?? 0) + 1);
    },
  });
  if (outcome.failure !== null) throw new Error(outcome.failure.message);
  return counts;
}

/** The plan of a run over crash points, and the steps that no tour reaches. */
export interface CrashPlan {
  readonly runs: readonly CrashRun[];
  readonly unreached: readonly string[];
}

/** `whole`: each step in each phase, killed and by power loss; else each step once, what differs drawn by seed. */
export function planCrashes(learned: readonly CallCounts[], whole: boolean, seed: number): CrashPlan {
  const runs: CrashRun[] = [];
  const unreached: string[] = [];
  for (const [index, step] of DECLARED_STEPS.entries()) {
    if (EXCLUDED_STEPS.has(step)) continue;
    const tour = learned.findIndex((counts) => counts.has(step));
    if (tour < 0) {
      unreached.push(step);
      continue;
    }
    const { name, history } = TOURS[tour] as (typeof TOURS)[number];
    const [[caller, calls]] = [...(learned[tour]?.get(step) ?? [])] as [[string, Map<string, number>]];
    const { host, process } = callerOf(caller);
    const count = [...calls.values()].reduce((sum, each) => sum + each, 0);
    for (const [i, { phase, how }] of choices(process === null, whole, index + seed).entries()) {
      // The first call, the one in the middle, the last one, and so on in turn.
      const nth = [1, Math.ceil(count / 2), count][(i + index) % 3] as number;
      const crash: CrashFault = {
        ...{ kind: 'crash', host, process, step, call: null },
        ...{ nth, phase, how, downUs: 300_000 },
      };
      const point = { step, phase, how, title: `${step} ${phase} ${how}` };
      runs.push({ point, tour: name, history: { ...history, faults: [...history.faults, crash] } });
    }
  }
  return { runs, unreached };
}

/** Who makes a call, for faults. */
export function callerOf(caller: string): { readonly host: string; readonly process: string | null } {
  const [host = '', process = null] = caller.split(' ');
  return { host, process };
}

function choices(isDevice: boolean, whole: boolean, turn: number): Pick<CrashPoint, 'phase' | 'how'>[] {
  // The device runs in the kernel: it dies with its host alone.
  const hows = isDevice ? (['power-loss'] as const) : (['kill', 'power-loss'] as const);
  const all = CRASH_PHASES.flatMap((phase) => hows.map((how) => ({ phase, how })));
  return whole ? all : [all[turn % all.length] as (typeof all)[number]];
}
