import type { Gid } from '../../units.ts';
import { hostPortText, type ServerConnectionParam } from '../server-layout.ts';
import type { ReplicationServer } from './config.ts';

/** Work on one volume that a worker chose. */
export type WorkerTask =
  | { readonly kind: 'apply'; readonly vol: string; readonly gid: Gid }
  | { readonly kind: 'merge'; readonly vol: string; readonly gidB: Gid; readonly gidE: Gid }
  | {
      readonly kind: 'repl';
      readonly vol: string;
      readonly server: ReplicationServer;
      /** Null: as far as possible. */
      readonly gid: Gid | null;
    };

/** What stays the same when a task is chosen again. */
export function taskKey(task: WorkerTask): string {
  return keyOf(task.kind, task.vol, task.kind === 'repl' ? task.server.name : '');
}

export function keyOf(kind: WorkerTask['kind'], vol: string, server = ''): string {
  return `${kind}:${vol}:${server}`;
}

/** `name=merge vol=vol0 ax=a0, localhost, 10200, archive gid=(0, 2)`, for log lines. */
export function taskText(task: WorkerTask, archive: ServerConnectionParam): string {
  const { host, port } = archive.address;
  const head = `name=${task.kind} vol=${task.vol} ax=${archive.name}, ${host}, ${port}, ${archive.kind}`;
  switch (task.kind) {
    case 'apply':
      return `${head} gid=${task.gid}`;
    case 'merge':
      return `${head} gid=(${task.gidB}, ${task.gidE})`;
    case 'repl':
      return `${head} dst=${task.server.logName || task.server.name}, ${hostPortText(task.server.address)} gid=${task.gid ?? 'latest'}`;
  }
}
