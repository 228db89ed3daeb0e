import type { Fault } from '../fault-kinds.ts';
import { type ChaosLayout, PLAIN_LAYOUT } from './layout.ts';
import type { ChaosOperation } from './operations.ts';
import type { ChaosHistory } from './run.ts';

/** What is simpler than a history or a part of it: candidates for shrinking (docs/chaos.md, "Shrinking"). */

/** Lists with fewer items: without one half, one quarter and so on, down to single items. The order is kept. */
export function* shorterLists<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) return;
  for (let size = items.length; ; size = Math.ceil(size / 2)) {
    for (let at = 0; at < items.length; at += size) {
      yield [...items.slice(0, at), ...items.slice(at + size)];
    }
    if (size === 1) return;
  }
}

/** Lists with the same items of which one is simpler. */
export function* simplerItems<T>(items: readonly T[], simpler: (item: T) => readonly T[]): Generator<T[]> {
  for (const [i, item] of items.entries()) {
    for (const candidate of simpler(item)) yield replaced(items, i, candidate);
  }
}

/** Histories with fewer or simpler faults, fewer or simpler operations, or a plainer layout; the boldest first. */
export function* simplerHistories(history: ChaosHistory): Generator<ChaosHistory> {
  const { layout, operations, faults } = history;
  for (const fewer of shorterLists(faults)) yield { ...history, faults: fewer };
  for (const fewer of shorterLists(operations)) yield { ...history, operations: fewer };
  for (const simpler of simplerItems(operations, simplerOperations))
    yield { ...history, operations: simpler };
  for (const simpler of simplerItems(faults, simplerFaults)) yield { ...history, faults: simpler };
  for (const plain of plainFields(layout)) yield { ...history, layout: { ...layout, ...plain } };
}

/** A copy of a list with another item at one place. */
export function replaced<T>(items: readonly T[], at: number, item: T): T[] {
  return items.map((old, i) => (i === at ? item : old));
}

/** The same operation with less to do. */
export function simplerOperations(operation: ChaosOperation): ChaosOperation[] {
  if (operation.kind !== 'write') return [];
  const { count, maxIoLb } = operation;
  const simpler: ChaosOperation[] = [];
  if (count > 1) simpler.push({ ...operation, count: 1 }, { ...operation, count: Math.ceil(count / 2) });
  if (maxIoLb > 1) simpler.push({ ...operation, maxIoLb: 1 });
  return simpler;
}

/** The same fault with less effect: a kill for a power loss, one time for several. */
export function simplerFaults(fault: Fault): Fault[] {
  const simpler: Fault[] = [];
  if (fault.kind === 'crash' && fault.how === 'power-loss') simpler.push({ ...fault, how: 'kill' });
  if (fault.kind === 'crash' && fault.phase !== 'before') simpler.push({ ...fault, phase: 'before' });
  if ((fault.kind === 'error' || fault.kind === 'delay' || fault.kind === 'refuse') && fault.times > 1) {
    simpler.push({ ...fault, times: 1 });
  }
  if (fault.kind === 'error' && fault.effect !== 'none') simpler.push({ ...fault, effect: 'none' });
  if ((fault.kind === 'cut' || fault.kind === 'cut-all') && fault.how !== 'fin') {
    simpler.push({ ...fault, how: 'fin' });
  }
  return simpler;
}

/** Values of one field as on a quiet day. Servers stay: faults and operations name them. */
export function plainFields(layout: ChaosLayout): Partial<ChaosLayout>[] {
  const names = (Object.keys(PLAIN_LAYOUT) as (keyof ChaosLayout)[]).filter(
    (name) => name !== 'group' && layout[name] !== PLAIN_LAYOUT[name],
  );
  return names.map((name) => ({ [name]: PLAIN_LAYOUT[name] }));
}
