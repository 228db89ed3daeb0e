/** Progress of long work on a terminal: bytes, rate, time left. */
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const MS_PER_S = 1000;
/** Nothing is shown before, so that short work stays quiet. */
const QUIET_MS = 500;
/** Between two lines. */
const INTERVAL_MS = 200;
/** Carriage return and "erase to the end of the line". */
const CLEAR = '\r\x1b[K';

/** `1.5 MiB`, of a number of bytes. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.floor(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `1:05`, `2:00:00` of a number of seconds. */
export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** One line of progress; `totalBytes` null where nobody knows. */
export function progressText(doneBytes: number, totalBytes: number | null, elapsedMs: number): string {
  const bytesPerS = elapsedMs > 0 ? (doneBytes * MS_PER_S) / elapsedMs : 0;
  const rate = `${bytesText(bytesPerS)}/s`;
  if (totalBytes === null || totalBytes <= 0) return `${bytesText(doneBytes)}, ${rate}`;
  const done = Math.min(doneBytes, totalBytes);
  const percent = Math.floor((done * 100) / totalBytes);
  const left = bytesPerS > 0 ? `, ${durationText((totalBytes - done) / bytesPerS)} left` : '';
  return `${percent}% of ${bytesText(totalBytes)}, ${rate}${left}`;
}

/** What of a terminal is needed. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Where work says how far it is. */
export interface Progress {
  /** More work is known of; null: nobody knows how much. */
  expect(bytes: number | null): void;
  /** Work was done. */
  add(bytes: number): void;
}

/** Shows progress on a terminal; on anything else it shows nothing. */
export class ProgressMeter implements Progress {
  readonly #terminal: Terminal;
  readonly #nowMs: () => number;
  readonly #beganMs: number;
  #totalBytes: number | null = 0;
  #doneBytes = 0;
  #shownMs: number;
  #isShown = false;

  constructor(terminal: Terminal, nowMs: () => number) {
    this.#terminal = terminal;
    this.#nowMs = nowMs;
    this.#beganMs = nowMs();
    this.#shownMs = this.#beganMs + QUIET_MS - INTERVAL_MS;
  }

  expect(bytes: number | null): void {
    this.#totalBytes = bytes === null || this.#totalBytes === null ? null : this.#totalBytes + bytes;
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
    if (this.#terminal.isTTY !== true) return;
    const now = this.#nowMs();
    if (now - this.#shownMs < INTERVAL_MS) return;
    this.#shownMs = now;
    this.#isShown = true;
    this.#terminal.write(CLEAR + progressText(this.#doneBytes, this.#totalBytes, now - this.#beganMs));
  }

  /** Takes the line away: before other output, and at the end. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#terminal.write(CLEAR);
  }
}
