import { FormatError } from '../errors.ts';
import {
  hostPortText,
  type ServerConnectionParam,
  type ServerLayout,
  type ServerStartupParam,
} from './server-layout.ts';

/** How servers of a layout are started (docs/operations.md, "Server layout"). */
export interface ServerParamsOptions {
  readonly isDebug?: boolean;
  /** Listen 10000 above the port that clients know, for a repeater between. */
  readonly useRepeater?: boolean;
  readonly maxFgTasks?: number;
  readonly maxBgTasks?: number;
  readonly maxConn?: number;
  readonly timeoutS?: number;
}

const REPEATER_PORT_OFFSET = 10_000;

/** Options of a server program by name; a flag has an empty text. */
export function getServerParams(
  server: ServerStartupParam,
  layout: ServerLayout,
  options: ServerParamsOptions = {},
): Map<string, string> {
  const { isDebug = false, useRepeater = false, maxFgTasks = 2, maxBgTasks = 1, maxConn, timeoutS } = options;
  const params = new Map<string, string>();
  if (server.kind === 'storage') {
    params.set('archive', addressOf(layout.getPrimaryArchive()));
    params.set('proxy', layout.proxies.map(addressOf).join(','));
  }
  if (server.kind === 'archive') {
    if (server.vg === undefined) throw new FormatError(`an archive needs a volume group:${server.name}`);
    params.set('vg', server.vg);
    if (server.tp !== undefined) params.set('tp', server.tp);
  }
  params.set('p', String(server.address.port + (useRepeater ? REPEATER_PORT_OFFSET : 0)));
  params.set('b', server.dataDir);
  params.set('l', server.logPath ?? joinPath(server.dataDir, `${server.name}.log`));
  params.set('id', server.name);
  params.set('fg', String(maxFgTasks));
  if (server.kind !== 'archive') params.set('bg', String(maxBgTasks));
  if (maxConn !== undefined) params.set('maxconn', String(maxConn));
  if (timeoutS !== undefined) params.set('to', String(timeoutS));
  if (isDebug) params.set('debug', '');
  return params;
}

/** Program and words that start a server. `binDir` ends in a slash. */
export function getServerArgs(
  server: ServerStartupParam,
  layout: ServerLayout,
  options: ServerParamsOptions = {},
): string[] {
  const words = [`${server.binDir}walb-${server.kind}`];
  for (const [name, value] of getServerParams(server, layout, options)) {
    words.push(`-${name}`);
    if (value !== '') words.push(value);
  }
  return words;
}

/** One line for each server, in the order in which they are best started: archives, proxies, storages. */
export function toCommandLines(
  layout: ServerLayout<ServerStartupParam>,
  options: ServerParamsOptions = {},
): string[] {
  return [...layout.archives, ...layout.proxies, ...layout.storages].map((server) =>
    getServerArgs(server, layout, options).join(' '),
  );
}

function addressOf(server: ServerConnectionParam): string {
  return hostPortText(server.address);
}

function joinPath(directory: string, name: string): string {
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
}
