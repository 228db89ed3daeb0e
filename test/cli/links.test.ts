import { execFileSync } from 'node:child_process';
import { lstatSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { installLinks, walboxProgram } from '../../cli/links.ts';
import { main } from '../../cli/walbox.ts';
import { Folder } from './tools/kit.ts';

const folder = new Folder();

describe('links to tools', () => {
  it('lead to a program that can be executed, and can be made again', () => {
    installLinks(folder.path('links'), ['wlog-show', 'bhash']);
    installLinks(folder.path('links'), ['wlog-show', 'bhash']);
    expect(readlinkSync(folder.path('links/bhash'))).toBe(walboxProgram());
    expect(statSync(folder.path('links/bhash')).mode & 0o100).toBe(0o100);
  });

  it('replace no other file', () => {
    writeFileSync(folder.path('checksum'), 'mine');
    expect(() => installLinks(folder.path('.'), ['bdiff', 'checksum'])).toThrow(
      /checksum exists and is no link/,
    );
    expect(lstatSync(folder.path('bdiff'), { throwIfNoEntry: false })).toBeUndefined();
    symlinkSync('/bin/true', folder.path('bhash'));
    expect(() => installLinks(folder.path('.'), ['bhash'])).toThrow(/bhash exists/);
  });

  it('run the tool that they are called as', async () => {
    // The name is the last part of the path that the program was called by.
    const source = `import { basename } from 'node:path'; console.log(basename(process.argv[1]));`;
    writeFileSync(folder.path('target.mjs'), source);
    symlinkSync(folder.path('target.mjs'), folder.path('wdiff-name-gen'));
    const called = execFileSync(process.execPath, [folder.path('wdiff-name-gen')])
      .toString()
      .trim();
    expect(called).toBe('wdiff-name-gen');
    expect(await main(['-no-such-option'], called)).toBe(1);
    expect(await main(['-h'], called)).toBe(0);
  });
});
