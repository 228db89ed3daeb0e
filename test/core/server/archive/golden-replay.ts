import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodePackImage, type PackImage } from '../../../../core/engine/pack-image.ts';
import { Reader } from '../../../../core/format/serializer.ts';
import type { CodecPool, Connection } from '../../../../core/world/index.ts';
import { goldenDir } from '../../../golden.ts';
import { withoutTraceAtEnd } from '../../protocol/golden-wire.ts';
import type { TestArchive } from './support.ts';

/** Recorded conversations, held again with a server of ours: the client's bytes as they were. */

interface Turn {
  readonly who: 'C' | 'S';
  readonly bytes: Uint8Array;
}

/** The turns of each connection of a recording. */
export function readTurns(path: string): Turn[][] {
  const connections: Turn[][] = [[]];
  for (const line of readFileSync(join(goldenDir() ?? '', path), 'utf8').split('\n')) {
    if (line === '--') connections.push([]);
    const spoken = /^([CS])> ([0-9a-f]+)$/.exec(line);
    if (spoken === null) continue;
    const turns = connections.at(-1) as Turn[];
    const who = spoken[1] as 'C' | 'S';
    const bytes = Uint8Array.from(spoken[2].match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
    const last = turns.at(-1);
    if (last?.who === who) turns[turns.length - 1] = { who, bytes: joined([last.bytes, bytes]) };
    else turns.push({ who, bytes });
  }
  return connections.filter((turns) => turns.length > 0);
}

/** What the server sent and what the original sent, as hex. */
export interface Heard {
  readonly ours: string;
  readonly theirs: string;
}

/** Holds the first connection of a recording. */
export async function replay(archive: TestArchive, path: string): Promise<Heard> {
  return hold(archive, readTurns(path)[0]);
}

/** Holds all connections of a recording, one after the other. */
export async function replayAll(archive: TestArchive, path: string): Promise<Heard[]> {
  const heard: Heard[] = [];
  for (const turns of readTurns(path)) heard.push(await hold(archive, turns));
  return heard;
}

async function hold(archive: TestArchive, turns: readonly Turn[]): Promise<Heard> {
  const connection = await archive.connect();
  const heard: Uint8Array[] = [];
  try {
    for (let i = 0; i < turns.length; i++) {
      const { who, bytes } = turns[i];
      if (who === 'C') await connection.write(bytes, 'test.replay');
      else if (turns.slice(i + 1).some((turn) => turn.who === 'C')) {
        heard.push(await readExactly(connection, bytes.length));
      } else heard.push(await readToEnd(connection));
    }
  } finally {
    connection.close();
  }
  const theirs = joined(turns.filter(({ who }) => who === 'S').map(({ bytes }) => bytes));
  return { ours: hex(joined(heard)), theirs: hex(withoutTraceAtEnd(theirs)) };
}

/**
 * Plays the recorded server on a port of the client's host: answers as recorded and returns, as hex, what a server
 * of ours sent as a client and what the original sent.
 */
export async function playServer(archive: TestArchive, path: string, port: number): Promise<Heard> {
  const [turns] = readTurns(path);
  const listener = await archive.site.world.network.listen(port, 'test.play');
  const connection = await listener.accept('test.play');
  listener.close();
  if (connection === null) throw new Error('nobody came');
  const heard: Uint8Array[] = [];
  for (const { who, bytes } of turns) {
    if (who === 'S') await connection.write(bytes, 'test.play');
    else heard.push(await readExactly(connection, bytes.length));
  }
  await connection.end('test.play');
  heard.push(await readToEnd(connection));
  connection.close();
  const theirs = joined(turns.filter(({ who }) => who === 'C').map(({ bytes }) => bytes));
  return { ours: hex(joined(heard)), theirs: hex(theirs) };
}

/** Lets codecs that remember see the packs of a recording, so that they compress the same data to the same bytes. */
export async function teachPacks(codecs: CodecPool, path: string): Promise<void> {
  for (const { who, bytes } of readTurns(path).flat()) {
    for (let at = 0; who === 'C' && at < bytes.length; at++) {
      const pack = packAt(bytes, at);
      if (pack === null) continue;
      for (const { compression, sizeLb, data } of pack.ios) {
        if (compression === 'none') continue;
        await codecs.run([{ kind: 'decompress', type: compression, sizeBytes: sizeLb * 512, data }]);
      }
    }
  }
}

/** The pack behind a Next at this place, if there is one. */
function packAt(bytes: Uint8Array, at: number): PackImage | null {
  if (bytes[at] !== 0) return null;
  try {
    const reader = new Reader(bytes, at + 1);
    const sizeBytes = reader.u64Number();
    if (sizeBytes < 4096 || reader.remaining < sizeBytes) return null;
    return decodePackImage(bytes.subarray(reader.offset, reader.offset + sizeBytes));
  } catch {
    return null;
  }
}

async function readExactly(connection: Connection, sizeBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let have = 0;
  while (have < sizeBytes) {
    const piece = await connection.read(sizeBytes - have, 'test.replay');
    if (piece === null) break;
    pieces.push(piece.slice());
    have += piece.length;
  }
  return joined(pieces);
}

async function readToEnd(connection: Connection): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  try {
    for (;;) {
      const piece = await connection.read(1 << 20, 'test.replay');
      if (piece === null) break;
      pieces.push(piece.slice());
    }
  } catch {
    // A reset behind the last byte is an end too.
  }
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
