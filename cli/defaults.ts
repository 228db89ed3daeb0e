import { homedir } from 'node:os';
import { join } from 'node:path';

/** What options are unless they are given. In a file of its own, so that `--help` need not load what they are for. */

/** Folder for histories of failures, below the working directory. */
export const FAILURES_FOLDER = 'failures';

/** Where lines of `walbox repl` are kept from one session to the next. */
export function defaultHistoryPath(): string {
  return process.env.WALBOX_REPL_HISTORY ?? join(homedir(), '.walbox_repl_history');
}
