import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A Node program that is newer than the one that runs this, or why there is none. */
export type NewerNode = { readonly path: string; readonly version: string } | { readonly reason: string };

/** Major versions that are asked for, the first that there is. */
const MAJORS = [26, 24, 22];

/**
 * Gets a newer Node from the npm registry, where packages `node-PLATFORM-CPU` hold the program itself and need no
 * script to install; or takes the one that WALBOX_NODE names. `folder` is where it is put.
 */
export function newerNode(folder: string): NewerNode {
  const own = process.env.WALBOX_NODE;
  if (own !== undefined && own !== '') return examined(own);
  const name = `node-${process.platform}-${process.arch}`;
  const reasons: string[] = [];
  for (const major of MAJORS.filter((one) => one > majorOf(process.version))) {
    const words = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-fund', '--no-audit'];
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const { status, error, stderr } = spawnSync(npm, [...words, '--loglevel=error', `${name}@${major}`], {
      encoding: 'utf8',
    });
    const path = join(
      folder,
      'node_modules',
      name,
      'bin',
      process.platform === 'win32' ? 'node.exe' : 'node',
    );
    if (status === 0 && existsSync(path)) return examined(path);
    reasons.push(
      `${name}@${major}: ${(error?.message ?? stderr ?? '').trim().split('\n')[0] || 'no program'}`,
    );
  }
  return { reason: reasons.join('; ') || `${process.version} is newer than all that are asked for` };
}

function examined(path: string): NewerNode {
  const { status, stdout, error } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const version = (stdout ?? '').trim();
  if (status !== 0) return { reason: `${path} does not run: ${error?.message ?? `status ${status}`}` };
  if (majorOf(version) <= majorOf(process.version)) {
    return { reason: `${path} is ${version}, not newer than ${process.version}` };
  }
  return { path, version };
}

/** 24 of `v24.1.0`. */
export function majorOf(version: string): number {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
}
