import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { type Site, VOL } from './site.ts';

/** How one order is tried. */
export interface StopStartOrder {
  readonly stops: readonly ServerConnectionParam[];
  readonly starts: readonly ServerConnectionParam[];
}

/** Stops the volume at some servers and starts it again while the application writes; then a snapshot must be right. */
export async function stopAndStart(site: Site, { stops, starts }: StopStartOrder): Promise<void> {
  const { s0, a0 } = site.servers;
  const { walbc, story } = site;
  const names = (servers: readonly ServerConnectionParam[]) => servers.map(({ name }) => name).join(', ');
  story.note(`stop ${names(stops)}, start ${names(starts)}`);
  site.load(s0);
  const previous = new Map<string, string>();
  for (const server of stops) {
    previous.set(server.name, await walbc.stopNbk(server, VOL, 'graceful'));
    await site.sleep(0.1);
  }
  for (const server of stops) await walbc.waitForStopped(server, VOL, previous.get(server.name));
  await site.sleep(0.5);
  for (const server of starts) {
    await walbc.start(server, VOL);
    await site.sleep(0.1);
  }
  await site.quiet();
  await site.verify(a0, await site.snapshot(s0, [a0]));
}
