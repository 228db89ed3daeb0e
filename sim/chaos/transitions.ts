import { ARCHIVE_EDGES, STEADY_STATES as ARCHIVE_STEADY } from '../../core/server/archive/states.ts';
import { PROXY_EDGES, STEADY_STATES as PROXY_STEADY } from '../../core/server/proxy/states.ts';
import type { StateEdges } from '../../core/server/shared/state-machine.ts';
import { STORAGE_EDGES, STEADY_STATES as STORAGE_STEADY } from '../../core/server/storage/states.ts';
import { PropertyError } from './failure.ts';

const MACHINES: readonly {
  readonly kind: string;
  readonly edges: StateEdges;
  readonly steady: readonly string[];
}[] = [
  { kind: 'storage', edges: STORAGE_EDGES, steady: STORAGE_STEADY },
  { kind: 'proxy', edges: PROXY_EDGES, steady: PROXY_STEADY },
  { kind: 'archive', edges: ARCHIVE_EDGES, steady: ARCHIVE_STEADY },
];

/** Changes that no edge stands for: repairs at a start, and what is left of commands that failed half way. */
const REPAIRS: readonly string[] = [
  'storage Target>Stopped',
  'storage Stopped>SyncReady',
  'archive Stopped>SyncReady',
];

/** All transitions there are, as `KIND FROM>TO`. */
export function allTransitions(): string[] {
  return MACHINES.flatMap(({ kind, edges }) => edges.map(([from, to]) => `${kind} ${from}>${to}`));
}

/** Watches that the states of volumes change as the tables allow, and which changes were seen. */
export class TransitionWatch {
  readonly seen = new Map<string, number>();

  /** `program`: the server's process, for instance `walb-proxy`. Throws PropertyError. */
  note(program: string, volume: string, from: string, to: string): void {
    const machine = MACHINES.find(({ kind }) => program === `walb-${kind}`);
    if (machine === undefined) return;
    const name = `${machine.kind} ${from}>${to}`;
    this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
    const has = (a: string, b: string) => machine.edges.some(([x, y]) => x === a && y === b);
    const isLoad = from === 'Clear' && machine.steady.includes(to);
    const isRollback = has(to, from) && !machine.steady.includes(from);
    if (has(from, to) || isLoad || isRollback || REPAIRS.includes(name)) return;
    throw new PropertyError('transitions', name, `${program}: ${volume} went from ${from} to ${to}`);
  }
}
