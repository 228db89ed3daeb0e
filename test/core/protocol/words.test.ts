import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import * as words from '../../../core/protocol/command-words.ts';
import { commandNames, verifyCommand } from '../../../core/protocol/controller-commands.ts';
import * as get from '../../../core/protocol/get.ts';
import * as params from '../../../core/protocol/params.ts';
import { effectiveLevel, parseHostInfoForRepl } from '../../../core/protocol/settings.ts';
import { PROTOCOL_STEPS } from '../../../core/protocol/steps.ts';

/** Expects a FormatError with this text. */
function refuses(parse: () => unknown, text: string): void {
  expect(parse).toThrow(FormatError);
  expect(parse).toThrow(text);
}

describe('single words', () => {
  it('volume ids', () => {
    for (const good of ['v', 'vol-0', 'A'.repeat(64), '-']) expect(params.parseVolId(good)).toBe(good);
    refuses(() => params.parseVolId(''), 'bad s format: size::0');
    refuses(() => params.parseVolId('A'.repeat(65)), `bad s format: size:${'A'.repeat(65)}:65`);
    refuses(() => params.parseVolId('a_b'), 'bad volId format: bad character:a_b:_');
    refuses(() => params.parseVolId('../x'), 'bad volId format: bad character:../x:.');
  });

  it('archive names', () => {
    for (const good of ['a0', 'a_0.b-c']) expect(params.parseArchiveName(good)).toBe(good);
    for (const bad of ['', '.', '..', '.a', 'a/b', 'a b', 'x'.repeat(65)]) {
      refuses(() => params.parseArchiveName(bad), `bad archive name:${bad}`);
    }
  });

  it('numbers', () => {
    expect(params.parseU64('18446744073709551615')).toBeNull();
    expect(params.parseU64('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(params.parseU64('007')).toBe(7);
    for (const bad of ['9007199254740992', '18446744073709551616', '', '-1', '+1', ' 1', '1k', '0x1']) {
      refuses(() => params.parseU64(bad), `atoi::convertToUint:${bad.slice(0, 16)}`);
    }
    refuses(() => params.parseGid('18446744073709551615'), 'atoi::convertToUint:1844674407370955');
    refuses(() => params.parseU32('4294967296'), 'atoi::convertToUint:4294967296');
    expect(params.parseFlag('0')).toBe(false);
    expect(params.parseFlag('-5')).toBe(true);
    refuses(() => params.parseFlag('true'), 'atoi::convertToInt:true');
    refuses(() => params.parseFlag('2147483648'), 'atoi::convertToInt:2147483648');
  });

  it('chunk sizes', () => {
    expect(params.parseBulkLb('512', 'who')).toBe(1);
    expect(params.parseBulkLb('4M', 'who')).toBe(8192);
    refuses(() => params.parseBulkLb('511', 'who'), 'who:too small size:512:511');
    refuses(() => params.parseBulkLb('8M', 'who'), 'who:too large size:4194304:16384');
  });
});

describe('words of commands', () => {
  it('positions, defaults and surplus', () => {
    expect(words.parseBackup(['v'])).toEqual({ volId: 'v', bulkLb: 512 });
    expect(words.parseBackup(['v', '64k', 'surplus'])).toEqual({ volId: 'v', bulkLb: 128 });
    expect(words.parseResetVol(['v'])).toEqual({ volId: 'v', gid: 0 });
    refuses(() => words.parseVolAndGid(['v']), 'missing required params: 1 2');
    refuses(() => words.parseVolAndGid(['v', '']), 'required parameter is empty: 1');
  });

  it('stop looks at the first letter', () => {
    const mode = (word: string) => words.parseStop(['v', word], true).mode;
    expect(['force', 'fuzzy', 'empty', 'elephant', 'graceful', 'x'].map(mode)).toEqual([
      'force',
      'force',
      'empty',
      'empty',
      'graceful',
      'graceful',
    ]);
    expect(words.parseStop(['v'], false).mode).toBe('graceful');
    refuses(() => words.parseStop(['v', 'empty'], false), 'parseStopParam:stop empty is not allowed.');
  });

  it('start of a storage', () => {
    expect(words.parseStart(['v', 'target'])).toEqual({ volId: 'v', role: 'target' });
    expect(words.parseStart(['v'])).toEqual({ volId: 'v', role: null });
    refuses(() => words.parseStorageRole('x'), 'parseStartParam:specify role: target or standby:x');
  });

  it('resize', () => {
    const strict = { zero: false, zeroClear: false };
    const loose = { zero: true, zeroClear: true };
    expect(words.parseResize(['v', '8m'], strict)).toEqual({ volId: 'v', sizeLb: 16384, zeroClear: false });
    expect(words.parseResize(['v', '0', 'zeroclear'], loose)).toMatchObject({ sizeLb: 0, zeroClear: true });
    refuses(() => words.parseResize(['v', '0'], strict), 'parseResizeParam:size param must not be 0');
    refuses(
      () => words.parseResize(['v', '1k', 'zeroclear'], strict),
      'parseResizeParam:zeroclear option not allowed.',
    );
  });

  it('merge and replicate', () => {
    expect(words.parseMerge(['v', '2', 'gid', '5'])).toEqual({
      volId: 'v',
      gidB: 2,
      until: { kind: 'gid', gid: 5 },
    });
    expect(words.parseMerge(['v', '2', 'size', '1'])).toMatchObject({ until: { kind: 'size', mib: 1 } });
    refuses(() => words.parseMerge(['v', '2', 'gid', '2']), 'parseMergeParam:bad gid range:2:2');
    refuses(() => words.parseMerge(['v', '2', 'giid', '3']), 'parseMergeParam:specify size or gid:giid');
    expect(words.parseReplicate(['v', 'gid', '5', 'h:1'])).toEqual({
      volId: 'v',
      until: { kind: 'gid', gid: 5 },
      replica: {
        address: { host: 'h', port: 1 },
        doResync: false,
        dontMerge: false,
        compression: { type: 'snappy', level: 0, cpuCount: 1 },
        maxWdiffMergeBytes: 1024 ** 3,
        bulkLb: 512,
      },
    });
    expect(parseHostInfoForRepl(['h:1', '1', '1', 'zstd:3:2', '2m', '1k'])).toMatchObject({
      doResync: true,
      dontMerge: true,
      compression: { type: 'zstd', level: 3, cpuCount: 2 },
      maxWdiffMergeBytes: 2 * 1024 ** 2,
      bulkLb: 2,
    });
    refuses(
      () => parseHostInfoForRepl(['h:1', '0', '0', 'none:0:1', '0']),
      'maxWdiffMergeSize must not be 0',
    );
  });

  it('scans', () => {
    expect(words.parseScan(['v', '3', '4k', '64k', '50'], 'who')).toEqual({
      volId: 'v',
      gid: 3,
      bulkLb: 8,
      sizeLb: 128,
      sleepPercent: 50,
    });
    refuses(() => words.parseScan(['v', '3', '4k', '0', '100'], 'who'), 'atoi::convertToUint:100');
  });

  it('shutdown, sleep, archive-info, the debug commands', () => {
    expect(words.parseShutdown([])).toEqual({ isForce: false });
    expect(words.parseShutdown(['force'])).toEqual({ isForce: true });
    refuses(() => words.parseShutdown(['hard']), 'parseShutdownParam:bad option:hard');
    expect(words.parseSleep([])).toEqual({ seconds: 1 });
    refuses(
      () => words.parseArchiveInfoCommand(['addd', 'v']),
      'parseArchiveInfoParam:bad command name:addd',
    );
    expect(words.parseSetBase(['v', '<|3|>'], 7)).toMatchObject({ base: { timestamp: 7 } });
    expect(words.parseDumpLogpackHeader(['v', '9'])).toEqual({ volId: 'v', lsid: 9 });
  });

  it('each command of the controller checks its words', () => {
    expect(commandNames()).toHaveLength(35);
    for (const name of commandNames()) {
      const free = ['debug', 'exec', 'get', 'kick', 'shutdown', 'sleep', 'status', 'version'];
      if (free.includes(name)) expect(() => verifyCommand(name, [])).not.toThrow();
      else expect(() => verifyCommand(name, [])).toThrow(FormatError);
    }
    refuses(() => verifyCommand('merge', ['v', '1', 'gid', '2', 'x']), 'c2aMergeClient:bad size:4:5');
    expect(() => verifyCommand('nothing', [])).toThrow('no such command:nothing');
  });
});

describe('words of get', () => {
  it('ranges and options', () => {
    expect(get.parseGidRangeWords(['v'])).toEqual({ volId: 'v', gidB: 0, gidE: null });
    expect(get.parseGidRangeWords(['v', '1', '18446744073709551615'])).toMatchObject({ gidB: 1, gidE: null });
    refuses(
      () => get.parseGidRangeWords(['v', '3', '3']),
      'parseVolIdAndGidRangeParamForGet:bad gid range:3:3',
    );
    refuses(
      () => get.parseGidRangeWords(['v', '18446744073709551615']),
      'parseVolIdAndGidRangeParamForGet:bad gid range',
    );
    expect(get.parseRestorableWords(['v', 'all'])).toEqual({ volId: 'v', all: true });
    refuses(() => get.parseRestorableWords(['v', 'alll']), 'parseRestorableParamForGet:bad opt:alll');
    expect(get.parseMetaStateWords(['v', '1'])).toEqual({ volId: 'v', isApplying: true, gid: null });
    expect(get.parseExistsDiffWords(['v', '1', '2', '3', '4'])).toEqual({ volId: 'v', gids: [1, 2, 3, 4] });
    expect(get.parseOptionalVolWords([])).toEqual({ volId: null });
    expect(get.parseProxyDiffWords(['v', 'a0'])).toEqual({ volId: 'v', archiveName: 'a0' });
    refuses(() => get.parseProxyDiffWords(['v', '../a']), 'bad archive name:../a');
  });
});

it('xz levels that the original cannot decode are lowered, others are kept', () => {
  expect(effectiveLevel({ type: 'lzma', level: 9, cpuCount: 1 })).toBe(6);
  expect(effectiveLevel({ type: 'gzip', level: 9, cpuCount: 1 })).toBe(9);
});

it('no two steps have one name', () => {
  expect(new Set(PROTOCOL_STEPS).size).toBe(PROTOCOL_STEPS.length);
});
