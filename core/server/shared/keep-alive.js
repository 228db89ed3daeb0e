/** The line of status texts. */
export function keepAliveText(options) {
    if (!options.keepAlive)
        return 'keepAlive OFF';
    const { keepAliveIdleS, keepAliveIntervalS, keepAliveCount } = options;
    return `keepAlive ON (idle ${keepAliveIdleS} intvl ${keepAliveIntervalS} cnt ${keepAliveCount})`;
}
