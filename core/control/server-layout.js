import { FormatError, NotFoundError, StateError } from '../errors.js';
/** Kinds of servers, in the order of their numbers. */
export const SERVER_KINDS = ['storage', 'proxy', 'archive'];
/** `host:port`. */
export function hostPortText({ host, port }) {
    return `${host}:${port}`;
}
/** The kind of a number, as scripts give it. Throws FormatError. */
export function serverKindToString(kind) {
    const text = SERVER_KINDS[kind];
    if (text === undefined)
        throw new FormatError(`bad server kind:${kind}`);
    return text;
}
/** The number of a kind. */
export function parseServerKind(text) {
    const kind = SERVER_KINDS.indexOf(text);
    if (kind < 0)
        throw new FormatError(`bad server kind string:${text}`);
    return kind;
}
/** Throws StateError unless the server's kind is among `kinds`. */
export function verifyServerKind(server, kinds) {
    if (!kinds.includes(server.kind)) {
        throw new StateError(`invalid server type:${server.name}:${server.kind}:${kinds.join(',')}`);
    }
}
/** The one server of a name. */
export function getServer(name, servers) {
    const found = servers.filter((server) => server.name === name);
    if (found.length !== 1) {
        const names = servers.map((server) => server.name).join(',');
        throw new NotFoundError(`get_server:not one:${found.length}:${name}:${names}`);
    }
    return found[0];
}
/**
 * The servers of a backup group (docs/operations.md, "Server layout"). The order matters: proxies in descending
 * priority, the first archive is the primary one.
 */
export class ServerLayout {
    storages;
    proxies;
    archives;
    constructor(storages, proxies, archives) {
        verifyKind(storages, 'storage');
        verifyKind(proxies, 'proxy');
        verifyKind(archives, 'archive');
        this.storages = storages;
        this.proxies = proxies;
        this.archives = archives;
    }
    /** Throws NotFoundError when there is none. */
    getPrimaryArchive() {
        const primary = this.archives[0];
        if (primary === undefined)
            throw new NotFoundError('server_layout: there is no archive');
        return primary;
    }
    getAll() {
        return [...this.storages, ...this.proxies, ...this.archives];
    }
    /** A copy with the lists that are given and not empty in place of the old ones. */
    replace(lists) {
        const pick = (list, old) => list === undefined || list.length === 0 ? old : list;
        return new ServerLayout(pick(lists.storages, this.storages), pick(lists.proxies, this.proxies), pick(lists.archives, this.archives));
    }
    /** Throws StateError when there are fewer servers of a kind. */
    verify(minStorages, minProxies, minArchives) {
        if (this.storages.length < minStorages ||
            this.proxies.length < minProxies ||
            this.archives.length < minArchives) {
            throw new StateError('ServerLayout: more servers required');
        }
    }
}
function verifyKind(servers, kind) {
    for (const server of servers) {
        if (server.kind !== kind) {
            throw new StateError(`server_layout: invalid server kind:${server.name}:${server.kind}:${kind}`);
        }
    }
}
