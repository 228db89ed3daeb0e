import { FormatError } from '../../errors.ts';

/** Periods and sizes as the worker's configuration writes them (docs/worker.md, "Values"). */

const SECONDS_PER: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };
const BYTES_PER: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

function whole(value: number, what: string, given: unknown): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new FormatError(`${what} is expected, got ${String(given)}`);
}

/**
 * Seconds of a period: an integer, digits with `m`, `h` or `d`, or `hh:mm:ss`. A reader of YAML 1.1 makes 3600 of
 * `1:00:00` by itself, one of YAML 1.2 leaves the text. Throws FormatError.
 */
export function parsePeriod(value: unknown): number {
  const what = 'a period (seconds, digits with m, h or d, or hh:mm:ss)';
  if (typeof value === 'number') return whole(value, what, value);
  if (typeof value === 'string') {
    const clock = /^([0-9]+):([0-5]?[0-9]):([0-5]?[0-9])$/.exec(value);
    if (clock !== null) {
      const [, hours, minutes, seconds] = clock.map(Number);
      return whole((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0), what, value);
    }
    const unit = /^([0-9]+)([mhd]?)$/.exec(value);
    if (unit !== null) return whole(Number(unit[1]) * (SECONDS_PER[unit[2] ?? ''] ?? 1), what, value);
  }
  throw new FormatError(`${what} is expected, got ${String(value)}`);
}

/** Bytes of a size: an integer, or digits with `K`, `M` or `G` (powers of 1024). Throws FormatError. */
export function parseSizeUnit(value: unknown): number {
  const what = 'a size (bytes, or digits with K, M or G)';
  if (typeof value === 'number') return whole(value, what, value);
  if (typeof value === 'string') {
    const unit = /^([0-9]+)([KMG]?)$/.exec(value);
    if (unit !== null) return whole(Number(unit[1]) * (BYTES_PER[unit[2] ?? ''] ?? 1), what, value);
  }
  throw new FormatError(`${what} is expected, got ${String(value)}`);
}
