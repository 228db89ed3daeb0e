import type { Labels, Step } from '../core/world/index.ts';

/**
 * What a call of a port is about, for traces, counters and faults. All of them have the same fields in the same order:
 * they are looked at several times in each event, which V8 does several times as fast where it need not ask what they are.
 */
export interface CallInfo {
  /** The port and its call, for instance `file.rename`. */
  readonly kind: string;
  readonly step: Step;
  readonly labels: Labels;
  readonly detail: string;
  /** Null: the size of `data`. */
  readonly sizeBytes: number | null;
  /** The view that the caller wrote, for the digest and for the check of poison mode. */
  readonly data: Uint8Array | null;
  /**
   * The kernel may finish this call although the process is killed meanwhile: writes, renames and the like.
   * A draw decides. Only for effects that give the process nothing (no handle, no lock).
   */
  readonly submitted: boolean;
  /** Number of the connection, 0 when none. */
  readonly conversation: number;
  /** Number of the message inside the conversation's direction, 0 when none. */
  readonly messageId: number;
}

/** A call that has no part in a conversation. */
export function callInfo(
  kind: string,
  step: Step,
  labels: Labels,
  detail = '',
  sizeBytes: number | null = null,
  data: Uint8Array | null = null,
  submitted = false,
): CallInfo {
  return { kind, step, labels, detail, sizeBytes, data, submitted, conversation: 0, messageId: 0 };
}

/** A call of a socket. */
export function socketCall(
  kind: string,
  step: Step,
  labels: Labels,
  detail: string,
  sizeBytes: number | null,
  data: Uint8Array | null,
  conversation: number,
  messageId = 0,
): CallInfo {
  return { kind, step, labels, detail, sizeBytes, data, submitted: false, conversation, messageId };
}
