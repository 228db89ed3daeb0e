/**
 * Trace, version 1: one line for each call of a port that had its effect, each message that arrived and each
 * fault, in the order in which they happened (docs/architecture.md, "Trace"). The same history gives the same
 * trace, byte for byte.
 */
export interface TraceLine {
  readonly v: 1;
  readonly seq: number;
  readonly timeUs: number;
  readonly host: string;
  /** `process#life`, for instance `a0#2`. */
  readonly incarnation: string;
  readonly task: string;
  readonly step: string;
  /** What happened, for instance `file.rename`. */
  readonly kind: string;
  readonly volume: string;
  /** Number of the connection, 0 when none. */
  readonly conversation: number;
  /** Number of the message inside the conversation's direction, 0 when none. */
  readonly messageId: number;
  /** Sequence number of the event that caused this line. */
  readonly causeSeq: number;
  readonly sizeBytes: number;
  /** Checksum of the data as 8 hex digits, or empty. */
  readonly digest: string;
  /** Path, address, error: what the call was about. */
  readonly detail: string;
}

/** Where trace lines go, in the order of what happens. */
export type TraceSink = (line: TraceLine) => void;

/** One trace line as text, fields in fixed order, tab-separated. */
export function traceLineToText(line: TraceLine): string {
  return [
    line.v,
    line.seq,
    line.timeUs,
    line.host,
    line.incarnation,
    line.task,
    line.step,
    line.kind,
    line.volume,
    line.conversation,
    line.messageId,
    line.causeSeq,
    line.sizeBytes,
    line.digest,
    line.detail,
  ].join('\t');
}
