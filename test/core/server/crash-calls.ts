import type { CrashFault } from '../../../sim/fault-kinds.ts';
import type { TraceLine } from '../../../sim/trace.ts';

/** Which calls of a traced operation are worth a crash or an error of their own. */

export interface CallPoint {
  readonly step: string;
  /** Kind of the call, for instance `file.rename`. */
  readonly call: string;
  /** Among the calls of this step and kind, from 1. */
  readonly nth: number;
  /** It changes something outside of the process's memory. */
  readonly isChange: boolean;
  /** A part of it can happen. */
  readonly isTorn: boolean;
}

export type CrashMode = Pick<CrashFault, 'phase' | 'how'>;

const LOOKS = /^(file\.(size|read|list|stat|lock)|disk\.read|volume\.(list|open)|net\.(?!write))/;
const TORN = /^(file|disk|net)\.write$/;

function isChange({ kind, detail }: TraceLine): boolean {
  if (kind === 'file.open') return !(detail ?? '').endsWith(' read');
  return !LOOKS.test(kind);
}

/** The first and the last call of each kind in each step, in the order of the first ones. */
export function pointsOf(lines: readonly TraceLine[]): CallPoint[] {
  const counts = new Map<string, { first: TraceLine; count: number }>();
  for (const line of lines) {
    const { kind, step } = line;
    if (kind.startsWith('log') || kind.startsWith('net.arrive')) continue;
    const key = `${step} ${kind} ${isChange(line)}`;
    const seen = counts.get(key);
    if (seen === undefined) counts.set(key, { first: line, count: 1 });
    else seen.count += 1;
  }
  return [...counts.values()].flatMap(({ first, count }) =>
    [...new Set([1, count])].map((nth) => ({
      ...{ step: first.step, call: first.kind, nth },
      ...{ isChange: isChange(first), isTorn: TORN.test(first.kind) },
    })),
  );
}

/**
 * The crashes that leave different things behind. Before a call there is what the call before it left, and a call that
 * only looks leaves nothing: so a crash after each change is enough, beside one before everything.
 */
export function crashModesOf({ isChange, isTorn }: CallPoint, isFirst: boolean): CrashMode[] {
  const modes: CrashMode[] = isFirst ? [{ phase: 'before', how: 'power-loss' }] : [];
  if (isTorn) modes.push({ phase: 'torn', how: 'power-loss' });
  if (isChange) modes.push({ phase: 'after', how: 'kill' }, { phase: 'after', how: 'power-loss' });
  return modes;
}
