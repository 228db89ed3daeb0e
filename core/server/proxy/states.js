/** States of a volume at a proxy (docs/operations.md, "States of a proxy volume"). None is kept on disk. */
export const PROXY_EDGES = [
    ['Clear', 'AddArchiveInfo'],
    ['AddArchiveInfo', 'Stopped'],
    ['Stopped', 'AddArchiveInfo'],
    ['Stopped', 'DeleteArchiveInfo'],
    ['DeleteArchiveInfo', 'Stopped'],
    ['DeleteArchiveInfo', 'Clear'],
    ['Stopped', 'ClearVol'],
    ['ClearVol', 'Clear'],
    ['Stopped', 'Start'],
    ['Start', 'Started'],
    ['Started', 'Stop'],
    ['Stop', 'Stopped'],
    ['Started', 'WlogRecv'],
    ['WlogRecv', 'Started'],
    ['Started', 'WaitForEmpty'],
    ['WaitForEmpty', 'Stopped'],
];
export const STEADY_STATES = ['Clear', 'Stopped', 'Started'];
/** States in which wdiffs are sent. */
export const SEND_STATES = ['Started', 'WlogRecv', 'WaitForEmpty'];
