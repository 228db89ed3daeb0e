import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenDir } from '../../golden.ts';
import { readTarGz } from '../../tar.ts';

/** One recorded question: the words behind `walbc`, and the lines printed. */
export interface StateText {
  readonly command: readonly string[];
  readonly lines: readonly string[];
}

/** The recorded answers at a moment. */
export function readStateTexts(path: string): StateText[] {
  const found: { command: string[]; lines: string[] }[] = [];
  const text = readFileSync(join(goldenDir() ?? '', path), 'utf8').replace(/\n$/, '');
  for (const line of text.split('\n')) {
    if (line.startsWith('# walbc '))
      found.push({ command: line.slice('# walbc '.length).split(' '), lines: [] });
    else if (!line.startsWith('# ')) found.at(-1)?.lines.push(line);
  }
  return found;
}

/** Absolute paths and contents of a server's folder at a moment. */
export function readMomentFiles(moment: string, server: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [path, bytes] of readTarGz(join(goldenDir() ?? '', 'base', moment, `${server}.tar.gz`))) {
    files.set(`/var/walb/${path.slice(path.indexOf(`${server}/`))}`, bytes);
  }
  return files;
}

/** A recorded conversation between `walbc` and a server. */
export interface RecordedCommand {
  readonly path: string;
  /** The words behind `walbc`. */
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly stdout: readonly string[];
  /** The server's error text, without the client's name in front. */
  readonly stderr: string;
}

export function readRecordedCommand(path: string): RecordedCommand {
  const lines = readFileSync(join(goldenDir() ?? '', path), 'utf8').split('\n');
  const after = (prefix: string) =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  return {
    path,
    command: (after('# walbc ')[0] ?? '').split(' '),
    exitCode: Number(after('# exit ')[0]),
    stdout: after('# stdout: '),
    stderr:
      after('# stderr: ')
        .at(-1)
        ?.replace(/^.* ERROR walbc error: /, '') ?? '',
  };
}
