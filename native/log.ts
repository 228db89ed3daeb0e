import type { Log } from '../core/world/index.ts';

/** Levels, the gravest first. */
export const LOG_LEVELS = ['ERROR', 'WARNING', 'INFO', 'DEBUG'] as const;
/** How grave a message is. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes `YYYY-MM-DD hh:mm:ss.uuuuuu LEVEL message` for each message up to a level. Times are UTC. */
export function textLog(maxLevel: LogLevel, write: (line: string) => void, nowMs = Date.now): Log {
  const at = (level: LogLevel) => {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(maxLevel)) return () => {};
    return (message: string) => {
      const [date, time] = new Date(nowMs()).toISOString().slice(0, -1).split('T');
      write(`${date} ${time}000 ${level} ${message}`);
    };
  };
  return { error: at('ERROR'), warning: at('WARNING'), info: at('INFO'), debug: at('DEBUG') };
}
