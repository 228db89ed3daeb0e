import { inspect, types } from 'node:util';
import type { MetaDiff, MetaSnap, MetaState } from '../../core/snapshot/meta.ts';
import {
  formatMetaDiff,
  type GidInfo,
  gidInfoToText,
  snapToText,
  stateToTextWithTime,
} from '../../core/snapshot/meta-text.ts';

/** Results and errors as people read them. */

const SHOWN_BYTES = 32;

/** What a line gave; empty for nothing. Values of walb appear as in its listings. */
export function resultText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Map) {
    return [...value].map(([key, one]) => `${String(key)}: ${oneLine(one)}`).join('\n');
  }
  if (Array.isArray(value)) {
    const areShort = value.every((one) => !isObject(one) || isServer(one));
    return areShort ? `[${value.map(oneLine).join(', ')}]` : value.map(resultText).join('\n');
  }
  return oneLine(value);
}

function oneLine(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value.subarray(0, SHOWN_BYTES)).toString('hex');
    return `<${value.length} bytes: ${hex}${value.length > SHOWN_BYTES ? '...' : ''}>`;
  }
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${String(key)}: ${oneLine(one)}`).join(', ')}}`;
  if (isObject(value)) return objectText(value);
  return inspect(value);
}

function objectText(value: Readonly<Record<string, unknown>>): string {
  const has = (...names: string[]) => names.every((name) => name in value);
  if (isServer(value)) return String(value.name);
  if (has('storage', 'path', 'writeRandom')) return `${String(value.path)} on ${String(value.storage)}`;
  if (has('snapB', 'snapE', 'isMergeable')) return formatMetaDiff('', value as unknown as MetaDiff);
  if (has('snapB', 'snapE', 'isApplying')) return stateToTextWithTime(value as unknown as MetaState);
  if (has('gidB', 'gidE')) return snapToText(value as unknown as MetaSnap);
  if (has('gid', 'timestamp', 'isExplicit')) return gidInfoToText(value as unknown as GidInfo);
  return inspect(value, { depth: 3, breakLength: 100 });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isServer(value: unknown): boolean {
  return isObject(value) && 'kind' in value && 'address' in value && 'name' in value;
}

/** An error as a sentence; mistakes in what was typed say what kind they are. */
export function errorSentence(error: unknown): string {
  if (!types.isNativeError(error)) return String(error);
  const isNamed = isTypingError(error) || error.name === 'RangeError';
  return isNamed ? `${error.name}: ${error.message.replace(/ \(\d+:\d+\)$/, '')}` : error.message;
}

/** Whether what was typed is wrong, rather than refused: a name that does not exist, something that is no function. */
export function isTypingError(error: unknown): boolean {
  return types.isNativeError(error) && /^(Reference|Type|Syntax)Error$/.test(error.name);
}
