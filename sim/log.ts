import type { Labels, Log } from '../core/world/index.ts';
import { callInfo } from './call-info.ts';
import type { HostClock } from './clock.ts';
import type { Incarnation } from './incarnation.ts';

export type LogLevel = 'error' | 'warning' | 'info' | 'debug';

/** One log line of a simulated process. */
export interface LogLine {
  /** Virtual time. */
  readonly timeUs: number;
  /** What the host's wall clock showed. */
  readonly wallTimeS: number;
  readonly host: string;
  /** `process#life`. */
  readonly incarnation: string;
  readonly task: string;
  readonly volume: string;
  readonly level: LogLevel;
  readonly message: string;
}

/** Where log lines of programs go. */
export type LogSink = (line: LogLine) => void;

/** `12.345678 s0 storage#1 wlog-send [vol0] error: message`. */
export function logLineToText(line: LogLine): string {
  const seconds = (line.timeUs / 1e6).toFixed(6);
  const task = line.task === '' ? '' : ` ${line.task}`;
  const volume = line.volume === '' ? '' : ` [${line.volume}]`;
  return `${seconds} ${line.host} ${line.incarnation}${task}${volume} ${line.level}: ${line.message}`;
}

/** The log of one task of one process life; a dead life logs nothing. */
export function createLog(
  incarnation: Incarnation,
  clock: HostClock,
  labels: Labels,
  sink: LogSink | null,
): Log {
  const write = (level: LogLevel) => (message: string) => {
    if (!incarnation.alive) return;
    const { kernel } = incarnation;
    if (kernel.trace !== null) {
      incarnation.traceCall(callInfo(`log.${level}`, '', labels, message.replaceAll('\n', ' ')));
    }
    sink?.({
      timeUs: kernel.loop.nowUs,
      wallTimeS: Math.floor(clock.wallUs() / 1e6),
      host: incarnation.host,
      incarnation: incarnation.name,
      task: labels.task ?? '',
      volume: labels.volume ?? '',
      level,
      message,
    });
  };
  return { error: write('error'), warning: write('warning'), info: write('info'), debug: write('debug') };
}
