import { FormatError } from '../../core/errors.ts';
import { checkHistory, historyToText, parseJson } from '../history.ts';
import type { ChaosFailure } from './failure.ts';
import { CHAOS_CHECKS, type ChaosHistory } from './run.ts';
import { faultText, operationText } from './words.ts';

/** A chaos history in a file: what was run, by which version, and how it failed. */
export interface SavedHistory {
  /** Version of walbox that wrote it: the same version repeats it, step by step. */
  readonly walbox: string;
  readonly profile: string;
  /** Null for a history that passes. */
  readonly failure: ChaosFailure | null;
  readonly history: ChaosHistory;
}

/** JSON text with a line for each operation and fault, and before them the story in words. */
export function savedToText(saved: SavedHistory): string {
  const { walbox, profile, failure, history } = saved;
  const lines = storyOf(history)
    .map((line) => `\n    ${JSON.stringify(line)}`)
    .join(',');
  const nested = historyToText(history).trimEnd().replaceAll('\n', '\n  ');
  return `{
  "walbox": ${JSON.stringify(walbox)},
  "profile": ${JSON.stringify(profile)},
  "failure": ${JSON.stringify(failure)},
  "story": [${lines}
  ],
  "history": ${nested}
}
`;
}

/** A line of words for each operation and fault. */
export function storyOf({ operations, faults }: ChaosHistory): string[] {
  return [...operations.map(operationText), ...faults.map((fault) => `fault: ${faultText(fault).trim()}`)];
}

/** Reads what `savedToText` wrote, or a bare history. Throws FormatError. */
export function parseSaved(text: string): SavedHistory {
  const value = parseJson(text, 'The file') as Record<string, unknown>;
  if (typeof value !== 'object' || value === null) throw new FormatError('A saved history is an object.');
  if (!('history' in value)) {
    return { walbox: '', profile: '', failure: null, history: checkHistory(value, CHAOS_CHECKS) };
  }
  const { walbox, profile, failure, history } = value;
  if (typeof walbox !== 'string' || typeof profile !== 'string') {
    throw new FormatError('A saved history names the version of walbox and the profile.');
  }
  return {
    walbox,
    profile,
    failure: checkFailure(failure),
    history: checkHistory(history, CHAOS_CHECKS),
  };
}

function checkFailure(value: unknown): ChaosFailure | null {
  if (value === null || value === undefined) return null;
  const { property, place, message, atUs } = value as Record<string, unknown>;
  if (typeof property !== 'string' || typeof place !== 'string' || typeof message !== 'string') {
    throw new FormatError('A failure has property, place and message.');
  }
  return { property, place, message, atUs: Number(atUs) } as ChaosFailure;
}
