import type { Session } from './session.ts';

/** Commands that begin with a dot: about the session, not about the group. They are not saved. */
export interface DotCommand {
  readonly name: string;
  readonly help: string;
  /** Returns lines to print; null ends the session. */
  readonly run: (session: Session, rest: string) => readonly string[] | null;
}

export const DOT_COMMANDS: readonly DotCommand[] = [
  {
    name: 'help',
    help: 'what can be typed',
    run: ({ shell }) => helpLines(Object.keys(shell.servers), Object.keys(shell.devices)),
  },
  {
    name: 'save',
    help: '.save FILE.ts writes the session as a scenario file',
    run: (session, path) => [session.save(path)],
  },
  {
    name: 'lines',
    help: 'what would be saved',
    run: ({ lines }) => lines.map(({ atText, typed }) => `${atText} > ${typed}`),
  },
  {
    name: 'log',
    help: '.log [COUNT] shows the last lines that the servers logged (default 20)',
    run: (session, count) => session.logLines(Number(count) || DEFAULT_LOG_LINES),
  },
  { name: 'exit', help: 'ends the session (as Control-D does)', run: () => null },
];

const DEFAULT_LOG_LINES = 20;

function helpLines(servers: readonly string[], devices: readonly string[]): string[] {
  return [
    `servers     ${servers.join(' ')}`,
    `devices     ${devices.join(' ')}, for instance wdev0.path, wdev0.write(0, 'text'), wdev0.writeRandom(), wdev0.read(0),`,
    '            wdev0.discard(8, 8), wdev0.flush(), wdev0.grow(8), wdev0.load(), wdev0.reset(), wdev0.getSizeMb()',
    'controller  walbc.initStorage(s0, VOL, wdev0.path), walbc.fullBackup(s0, VOL), walbc.snapshot(s0, VOL, [a0]),',
    "            walbc.getRestorable(a0, VOL), walbc.restore(a0, VOL, gid) ... (Tab lists them); Python's names and arguments",
    '            work too: walbc.full_backup(s0, VOL, block=False)',
    'judging     verify(a0, gid), verifyAll(), image(a0, gid)',
    'time        clock.now(), clock.sleep(10), clock.step(s0, 3600), eventually(() => ..., 60)',
    'troubles    kill(p0), start(p0), restart(p0), powerLoss(s0), powerOn(s0), loseData(p0), leaveRoom(p0, { fileBytes: 0 }),',
    '            partition(s0, p0), network.limit(s0, p0, 1e6), heal(s0, p0), heal(), files(a0).list()',
    "topology    setLayout({ proxies: ['p1'] }), walbc.setServerLayout(ServerLayout([s0], [p1], [a0]))",
    'applications begun by wdev0.load() go on until quiet()',
    'Calls are waited for by themselves; a line with await in it is plain JavaScript. Virtual time passes only while a line is',
    'carried out.',
    ...DOT_COMMANDS.map(({ name, help }) => `.${name.padEnd(10)} ${help}`),
  ];
}
