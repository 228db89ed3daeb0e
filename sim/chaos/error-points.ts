import type { IoErrorCode } from '../../core/errors.ts';
import type { ErrorFault } from '../fault-kinds.ts';
import { type CallCounts, callerOf, DECLARED_STEPS } from './crash-points.ts';
import { EXCLUDED_STEPS } from './excluded-steps.ts';
import type { ChaosHistory } from './run.ts';
import { TOURS } from './tours.ts';

/** One call that fails once, and must be got over. */
export interface ErrorPoint {
  readonly step: string;
  /** Kind of the call: a step may make several, for instance write, sync and rename. */
  readonly call: string;
  readonly code: IoErrorCode;
  /** What of the call happens all the same. */
  readonly effect: ErrorFault['effect'];
  readonly title: string;
}

/** An error point and the history that reaches it. */
export interface ErrorRun {
  readonly point: ErrorPoint;
  readonly tour: string;
  readonly history: ChaosHistory;
}

export interface ErrorPlan {
  readonly runs: readonly ErrorRun[];
  readonly unreached: readonly string[];
}

/** How a call may fail, with the first way in front. */
type Way = Pick<ErrorPoint, 'code' | 'effect'>;

/** Calls that need room. */
const ALLOCATING: readonly string[] = [
  ...[
    'file.open create',
    'file.open create-new',
    'file.write',
    'file.make-directory',
    'file.link',
    'file.rename',
    'file.truncate',
  ],
  ...['volume.create', 'volume.snapshot', 'volume.grow'],
];

/** Calls that change nothing: with and without their effect is the same. */
const READING =
  /^(file\.(open (read|update)|read|size|stat|list|free-bytes|lock)|disk\.(read|size)|volume\.(list|open)|net\.(read|accept|connect)|walb\.(?!reset|resize|set-oldest))/;

function waysOf(call: string): readonly Way[] {
  const code = codeOf(call);
  if (READING.test(call)) return [{ code, effect: 'none' }];
  return [
    { code, effect: 'none' },
    { code, effect: 'whole' },
    ...(call.endsWith('.write') ? [{ code, effect: 'part' } as const] : []),
    ...(ALLOCATING.includes(call) ? [{ code: 'ENOSPC', effect: 'none' } as const] : []),
  ];
}

function codeOf(call: string): IoErrorCode {
  if (!call.startsWith('net.')) return 'EIO';
  return call === 'net.connect' ? 'ECONNREFUSED' : 'ECONNRESET';
}

/** `whole`: each call of each step in every way; else one call of each step in one way, drawn by seed. */
export function planErrors(learned: readonly CallCounts[], whole: boolean, seed: number): ErrorPlan {
  const runs: ErrorRun[] = [];
  const unreached: string[] = [];
  for (const [index, step] of DECLARED_STEPS.entries()) {
    if (EXCLUDED_STEPS.has(step)) continue;
    const found = placesOf(learned, step);
    if (found.length === 0) {
      unreached.push(step);
      continue;
    }
    const all = found.flatMap((place) => waysOf(place.call).map((way) => ({ place, way })));
    const chosen = whole ? all : [all[(index + seed) % all.length] as (typeof all)[number]];
    for (const [i, { place, way }] of chosen.entries()) runs.push(runOf(step, place, way, i + index + seed));
  }
  return { runs, unreached };
}

/** Where a call of a step is made: the first tour that does, and by whom. */
interface Place {
  readonly tour: number;
  readonly caller: string;
  readonly call: string;
  readonly count: number;
}

function placesOf(learned: readonly CallCounts[], step: string): Place[] {
  const places = new Map<string, Place>();
  for (const [tour, counts] of learned.entries()) {
    for (const [caller, calls] of counts.get(step) ?? []) {
      for (const [call, count] of calls) {
        if (!places.has(call)) places.set(call, { tour, caller, call, count });
      }
    }
  }
  return [...places.values()];
}

function runOf(step: string, { tour, caller, call, count }: Place, way: Way, turn: number): ErrorRun {
  const { name, history } = TOURS[tour] as (typeof TOURS)[number];
  const [kind] = call.split(' ') as [string];
  // The first call, the one in the middle, the last one, and so on in turn.
  const nth = [1, Math.ceil(count / 2), count][turn % 3] as number;
  const error: ErrorFault = {
    ...{ kind: 'error', ...callerOf(caller), step, call: kind },
    ...{ nth, times: 1, ...way },
  };
  const title = `${step} ${call} ${way.code} ${way.effect}`;
  const point = { step, call: kind, ...way, title };
  return { point, tour: name, history: { ...history, faults: [...history.faults, error] } };
}
