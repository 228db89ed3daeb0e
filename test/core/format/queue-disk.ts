import type { QueueStep } from '../../../core/format/queue-file.ts';

const SECTOR_BYTES = 512;

/** A piece of a write that reaches the disk whole or not at all, or a truncation. */
export type Piece = { readonly offset: number; readonly bytes: Uint8Array } | { readonly sizeBytes: number };

/** Cuts a step where sectors of the file meet. */
export function piecesOf(step: QueueStep): Piece[] {
  if (step.kind === 'sync') return [];
  if (step.kind === 'truncate') return [{ sizeBytes: step.sizeBytes }];
  const pieces: Piece[] = [];
  for (let at = 0; at < step.bytes.length; ) {
    const offset = step.offset + at;
    const end = Math.min(step.bytes.length, at + SECTOR_BYTES - (offset % SECTOR_BYTES));
    pieces.push({ offset, bytes: step.bytes.subarray(at, end) });
    at = end;
  }
  return pieces;
}

/** The file after some pieces. */
export function withPieces(file: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  let now = file.slice();
  for (const piece of pieces) {
    if ('sizeBytes' in piece) {
      now = now.slice(0, piece.sizeBytes);
      continue;
    }
    const end = piece.offset + piece.bytes.length;
    if (end > now.length) {
      const larger = new Uint8Array(end);
      larger.set(now);
      now = larger;
    }
    now.set(piece.bytes, piece.offset);
  }
  return now;
}

/** The file after all steps. */
export function runSteps(file: Uint8Array, steps: readonly QueueStep[]): Uint8Array {
  return withPieces(file, steps.flatMap(piecesOf));
}

/** What is durable and what is not when a crash comes after `done` steps. */
export function atCrash(file: Uint8Array, steps: readonly QueueStep[], done: number) {
  const lastSync = steps.slice(0, done).reduce((last, step, i) => (step.kind === 'sync' ? i : last), -1);
  return {
    durable: runSteps(file, steps.slice(0, lastSync + 1)),
    unsynced: steps.slice(lastSync + 1, done).flatMap(piecesOf),
  };
}
