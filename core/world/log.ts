/** Log lines for people. A message is one line; the world adds time, level and process. */
export interface Log {
  error(message: string): void;
  warning(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}
