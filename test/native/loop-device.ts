import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';

/** Real block devices of this machine over files: they need root and losetup. */

/** Why there can be none, or null. */
export function whyNoLoopDevices(): string | null {
  if (process.platform !== 'linux') return 'this is no Linux';
  if (process.getuid?.() !== 0) return 'this is not root';
  if (!existsSync('/dev/loop-control')) return 'there is no /dev/loop-control';
  const { status, error } = spawnSync('losetup', ['-f'], { encoding: 'utf8' });
  if (error !== undefined) return 'losetup is not installed';
  return status === 0 ? null : 'losetup finds no free device';
}

export interface LoopDevice {
  readonly path: string;
  detach(): void;
}

/** Makes a file of `sizeBytes` at `file` and a loop device over it. */
export function attachLoop(file: string, sizeBytes: number, sectorBytes: 512 | 4096 = 512): LoopDevice {
  writeFileSync(file, '');
  truncateSync(file, sizeBytes);
  const args = ['-f', '--show', '--sector-size', String(sectorBytes), file];
  const { status, stdout, stderr } = spawnSync('losetup', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`losetup failed: ${stderr}`);
  const path = stdout.trim();
  return {
    path,
    detach() {
      spawnSync('losetup', ['-d', path]);
      rmSync(file);
    },
  };
}
