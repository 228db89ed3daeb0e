import { FormatError, NotFoundError, StateError } from '../errors.ts';
import type { HostPort } from '../world/index.ts';

/** Kinds of servers, in the order of their numbers. */
export const SERVER_KINDS = ['storage', 'proxy', 'archive'] as const;
/** What a server does. */
export type ServerKind = (typeof SERVER_KINDS)[number];

/** How to reach a server. `name` is the server's id; proxies know archives by it. */
export interface ServerConnectionParam {
  readonly name: string;
  readonly address: HostPort;
  readonly kind: ServerKind;
}

/** How a server is started: its connection and its folders. */
export interface ServerStartupParam extends ServerConnectionParam {
  readonly binDir: string;
  readonly dataDir: string;
  /** Default: `<dataDir>/<name>.log`. */
  readonly logPath?: string;
  /** Volume group of an archive. */
  readonly vg?: string;
  /** Thin pool of an archive. */
  readonly tp?: string;
}

/** `host:port`. */
export function hostPortText({ host, port }: HostPort): string {
  return `${host}:${port}`;
}

/** The kind of a number, as scripts give it. Throws FormatError. */
export function serverKindToString(kind: number): ServerKind {
  const text = SERVER_KINDS[kind];
  if (text === undefined) throw new FormatError(`bad server kind:${kind}`);
  return text;
}

/** The number of a kind. */
export function parseServerKind(text: string): number {
  const kind = SERVER_KINDS.indexOf(text as ServerKind);
  if (kind < 0) throw new FormatError(`bad server kind string:${text}`);
  return kind;
}

/** Throws StateError unless the server's kind is among `kinds`. */
export function verifyServerKind(server: ServerConnectionParam, kinds: readonly ServerKind[]): void {
  if (!kinds.includes(server.kind)) {
    throw new StateError(`invalid server type:${server.name}:${server.kind}:${kinds.join(',')}`);
  }
}

/** The one server of a name. */
export function getServer<S extends ServerConnectionParam>(name: string, servers: readonly S[]): S {
  const found = servers.filter((server) => server.name === name);
  if (found.length !== 1) {
    const names = servers.map((server) => server.name).join(',');
    throw new NotFoundError(`get_server:not one:${found.length}:${name}:${names}`);
  }
  return found[0] as S;
}

/**
 * The servers of a backup group (docs/operations.md, "Server layout"). The order matters: proxies in descending
 * priority, the first archive is the primary one.
 */
export class ServerLayout<S extends ServerConnectionParam = ServerConnectionParam> {
  readonly storages: readonly S[];
  readonly proxies: readonly S[];
  readonly archives: readonly S[];

  constructor(storages: readonly S[], proxies: readonly S[], archives: readonly S[]) {
    verifyKind(storages, 'storage');
    verifyKind(proxies, 'proxy');
    verifyKind(archives, 'archive');
    this.storages = storages;
    this.proxies = proxies;
    this.archives = archives;
  }

  /** Throws NotFoundError when there is none. */
  getPrimaryArchive(): S {
    const primary = this.archives[0];
    if (primary === undefined) throw new NotFoundError('server_layout: there is no archive');
    return primary;
  }

  getAll(): S[] {
    return [...this.storages, ...this.proxies, ...this.archives];
  }

  /** A copy with the lists that are given and not empty in place of the old ones. */
  replace(lists: {
    storages?: readonly S[];
    proxies?: readonly S[];
    archives?: readonly S[];
  }): ServerLayout<S> {
    const pick = (list: readonly S[] | undefined, old: readonly S[]) =>
      list === undefined || list.length === 0 ? old : list;
    return new ServerLayout(
      pick(lists.storages, this.storages),
      pick(lists.proxies, this.proxies),
      pick(lists.archives, this.archives),
    );
  }

  /** Throws StateError when there are fewer servers of a kind. */
  verify(minStorages: number, minProxies: number, minArchives: number): void {
    if (
      this.storages.length < minStorages ||
      this.proxies.length < minProxies ||
      this.archives.length < minArchives
    ) {
      throw new StateError('ServerLayout: more servers required');
    }
  }
}

function verifyKind(servers: readonly ServerConnectionParam[], kind: ServerKind): void {
  for (const server of servers) {
    if (server.kind !== kind) {
      throw new StateError(`server_layout: invalid server kind:${server.name}:${server.kind}:${kind}`);
    }
  }
}
