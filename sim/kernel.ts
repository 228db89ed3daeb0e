import { checksum } from '../core/format/checksum.ts';
import type { CallInfo } from './call-info.ts';
import { EventLoop, type Turn } from './event-loop.ts';
import type { CallFaults } from './incarnation.ts';
import { KeyedRandom } from './random.ts';
import type { TraceSink } from './trace.ts';

/** What every part of one simulation shares: time, randomness, faults, trace and counters. */
export interface Kernel {
  readonly loop: EventLoop;
  readonly random: KeyedRandom;
  /** Null while no fault is armed: calls then ask nobody. */
  faults: CallFaults | null;
  /** Null when nobody reads the trace: lines are then not made. */
  trace: TraceSink | null;
  /** Sequence number of the last trace line. */
  traceSeq: number;
  /** Number of calls by step and kind, for coverage. */
  readonly stepCounts: Map<string, Map<string, { count: number }>>;
  /** Checks that no caller changes a view while it belongs to a port. */
  readonly poison: boolean;
}

export interface KernelOptions {
  readonly turn: Turn;
  readonly seed: number;
  readonly trace?: TraceSink | null;
  readonly poison?: boolean;
}

export function createKernel(options: KernelOptions): Kernel {
  return {
    loop: new EventLoop(options.turn, options.seed),
    random: new KeyedRandom(options.seed),
    faults: null,
    trace: options.trace ?? null,
    traceSeq: 0,
    stepCounts: new Map(),
    poison: options.poison ?? false,
  };
}

/** The place of a trace line, taken before what the line tells has happened. */
export interface TracePlace {
  readonly seq: number;
  readonly causeSeq: number;
}

/** Takes the next place in the trace: what is planned from now on in this event has it as its cause. */
export function takeTracePlace(kernel: Kernel): TracePlace {
  const causeSeq = kernel.loop.causeSeq;
  kernel.traceSeq += 1;
  kernel.loop.causeSeq = kernel.traceSeq;
  return { seq: kernel.traceSeq, causeSeq };
}

/**
 * Writes one trace line. Its cause is the line that led to the event that is being fired; what the rest of
 * the event does has this line as its cause. `incarnation` is empty for what no process does (a message that
 * arrives, a fault).
 */
export function traceEvent(
  kernel: Kernel,
  host: string,
  incarnation: string,
  info: CallInfo,
  error: unknown = null,
  place: TracePlace | null = null,
): void {
  const sink = kernel.trace;
  if (sink === null) return;
  const { seq, causeSeq } = place ?? takeTracePlace(kernel);
  const { detail } = info;
  sink({
    v: 1,
    seq,
    timeUs: kernel.loop.nowUs,
    host,
    incarnation,
    task: info.labels.task ?? '',
    step: info.step,
    kind: info.kind,
    volume: info.labels.volume ?? '',
    conversation: info.conversation,
    messageId: info.messageId,
    causeSeq,
    sizeBytes: info.sizeBytes ?? info.data?.length ?? 0,
    digest: info.data === null ? '' : checksum(info.data, 0).toString(16).padStart(8, '0'),
    detail: error === null ? detail : `${detail} ! ${error instanceof Error ? error.message : String(error)}`,
  });
}

/** Labels of what no task does. */
export const NO_LABELS = {};

/** A caller changed a view between handing it to a port and the end of the call. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError';
}

/** In poison mode, the mark of a view handed to a port; else 0. */
export function poisonMark(kernel: Kernel, data: Uint8Array | null): number {
  return kernel.poison && data !== null ? checksum(data, 0) : 0;
}

/** Throws PoisonError when the view does not have the mark that it had. */
export function checkPoison(kernel: Kernel, data: Uint8Array | null, mark: number, what: string): void {
  if (!kernel.poison || data === null || checksum(data, 0) === mark) return;
  throw new PoisonError(`${what}: the caller changed the bytes of a write before the write settled.`);
}
