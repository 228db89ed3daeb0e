/**
 * A step names the place in the program where a port is called, for instance `archive.apply.base-record`.
 * Steps are stable: crash-point coverage, traces and reports are made of them. Each server, the device and
 * each conversation declares its steps in one table.
 */
export type Step = string;

/** What a task is about. The world writes it into traces and logs beside each call; it decides nothing. */
export interface Labels {
  /** Named task inside the process, for instance `wlog-send`. */
  readonly task?: string;
  /** Volume id. */
  readonly volume?: string;
}
