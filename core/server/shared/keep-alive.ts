/** TCP keep-alive as servers are told it; `keepAlive` off means inactivity limits instead. */
export interface KeepAliveOptions {
  readonly keepAlive: boolean;
  readonly keepAliveIdleS: number;
  readonly keepAliveIntervalS: number;
  readonly keepAliveCount: number;
}

/** The line of status texts. */
export function keepAliveText(options: KeepAliveOptions): string {
  if (!options.keepAlive) return 'keepAlive OFF';
  const { keepAliveIdleS, keepAliveIntervalS, keepAliveCount } = options;
  return `keepAlive ON (idle ${keepAliveIdleS} intvl ${keepAliveIntervalS} cnt ${keepAliveCount})`;
}
