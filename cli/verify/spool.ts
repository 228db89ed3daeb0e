import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RandomReader } from '../../core/engine/byte-stream.ts';
import { exactReader } from '../../core/verify/tree.ts';
import { asIo } from '../../native/errors.ts';

/** What came through a pipe, to be read from any place. */
export interface Spooled {
  readonly reader: RandomReader;
  close(): Promise<void>;
}

/**
 * Copies a stream to a temporary file that has no name any more: what is verified is read from several places (an index
 * stands at the end of its file, and where damage ends is searched for). Throws IoError, ENOSPC for one where the
 * folder for temporary files has too little room.
 */
export async function spool(source: AsyncIterable<Uint8Array>, name: string): Promise<Spooled> {
  const file = await namelessFile(name);
  try {
    let sizeBytes = 0;
    await asIo(name, async () => {
      for await (const bytes of source) {
        await file.appendFile(bytes);
        sizeBytes += bytes.length;
      }
    });
    const reader = exactReader(sizeBytes, async (offset, wantedBytes) => {
      const bytes = new Uint8Array(wantedBytes);
      const { bytesRead } = await asIo(name, () => file.read(bytes, 0, wantedBytes, offset));
      return bytes.subarray(0, bytesRead);
    });
    return { reader, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function namelessFile(name: string): Promise<FileHandle> {
  return asIo(name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walbox-'));
    try {
      return await open(join(folder, 'spooled'), 'w+');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
