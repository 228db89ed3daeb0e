import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import type { Site } from './site.ts';

/** A copy of all files of a server, as a backup of the host would have it. */
export function saveFiles(site: Site, server: ServerConnectionParam): ReadonlyMap<string, Uint8Array> {
  const files = site.group.files(server.name);
  site.story.note(`the files of ${server.name} are copied`);
  return new Map(files.list().map((path) => [path, files.read(path).slice()]));
}

/** Ends a server, puts an older copy of its files in the place of the present ones, and starts it again. */
export async function restoreFiles(
  site: Site,
  server: ServerConnectionParam,
  saved: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  site.kill(server);
  const files = site.group.files(server.name);
  await files.removeAll();
  for (const [path, bytes] of saved) files.write(path, bytes);
  site.story.note(`the files of ${server.name} are those of the copy again`);
  await site.start(server);
}
