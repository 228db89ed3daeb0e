import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { PropertyError } from './failure.ts';
import { answers } from './servers-answer.ts';
import { allServers, type ChaosSite, startAgain } from './site.ts';
import { within } from './within.ts';

/** Restarting a server changes no answer. Throws PropertyError `memory-is-disk`. */
export async function memoryIsDisk(site: ChaosSite): Promise<void> {
  for (const server of allServers(site)) {
    const before = await saidOfVolumes(site, server);
    site.group.kill(server.name);
    startAgain(site, server.name);
    await within(
      site,
      `restart ${server.kind}`,
      () => answers(site, server),
      () => `${server.name} does not answer after a restart`,
    );
    const after = await saidOfVolumes(site, server);
    if (before === after) continue;
    throw new PropertyError(
      'memory-is-disk',
      server.kind,
      `${server.name} answers otherwise after a restart:\n${before}\n${after}`,
    );
  }
}

/** What a server says about its volumes that a restart must not change. */
async function saidOfVolumes(site: ChaosSite, server: ServerConnectionParam): Promise<string> {
  const { walbc } = site;
  const lines: string[] = [];
  for (const { name } of site.volumes) {
    const state = await walbc.getState(server, name);
    lines.push(`${name} ${state}`);
    if (state === 'Clear') continue;
    if (server.kind === 'proxy') lines.push((await walbc.getArchiveInfoList(server, name)).join(' '));
    if (server.kind === 'storage') lines.push(await walbc.getUuid(server, name));
    if (server.kind === 'archive' && state === 'Archived') {
      const diffs = await walbc.runCtl(server, ['get', 'applicable-diff', name]);
      const base = await walbc.runCtl(server, ['get', 'base', name]);
      lines.push(
        ...base,
        ...diffs,
        await walbc.getArchiveUuid(server, name),
        await walbc.getUuid(server, name),
      );
      lines.push((await walbc.getRestored(server, name)).join(' '));
      lines.push((await walbc.getCold(server, name)).join(' '));
    }
  }
  return lines.join('\n');
}
