import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { NotFoundError } from '../../core/errors.ts';

/** One of the two generations of a small ext4 file system; see fixtures/make-ext4.sh. */
export function fixtureImage(generation: 1 | 2): Uint8Array {
  return new Uint8Array(gunzipSync(readFileSync(join(fixturesFolder(), `ext4-${generation}.img.gz`))));
}

/** Files of a generation with their SHA-256, by path. */
export function fixtureManifest(generation: 1 | 2): Map<string, string> {
  const manifest = JSON.parse(readFileSync(join(fixturesFolder(), 'manifest.json'), 'utf8')) as Record<
    string,
    { files: Record<string, string> }
  >;
  return new Map(Object.entries(manifest[`ext4-${generation}.img`]?.files ?? {}));
}

/** `fixtures/` beside the sources, or two levels up from the built files. */
function fixturesFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (const up of ['../..', '../../..']) {
    const folder = join(here, up, 'fixtures');
    try {
      readFileSync(join(folder, 'manifest.json'));
      return folder;
    } catch {
      // Not here: the other place.
    }
  }
  throw new NotFoundError('The folder fixtures/ is missing.');
}
