import { describe, expect, it, vi } from 'vitest';
import { blockDeviceExists, type RunCommand } from '../../core/control/index.ts';
import { IoError } from '../../core/errors.ts';
import { runLocalCommand } from '../../native/index.ts';

describe('a program of this machine', () => {
  it('gets its words as they are, and its output comes without the space around it', async () => {
    expect(await runLocalCommand(['/bin/echo', ' $HOME  "two words" ', ''])).toBe('$HOME  "two words"');
    expect(await runLocalCommand(['/bin/sh', '-c', "printf '\\n a\\nb \\n\\n'"])).toBe('a\nb');
    expect(await runLocalCommand(['/bin/sh', '-c', 'true'])).toBe('');
  });

  it('that fails is an error that tells words and status', async () => {
    const run = (...args: string[]) => runLocalCommand(args, false, true);
    await expect(run('/bin/sh', '-c', 'echo no >&2; exit 3')).rejects.toThrow(
      'command error: /bin/sh -c echo no >&2; exit 3: 3',
    );
    await expect(run('/bin/sh', '-c', 'kill -9 $$')).rejects.toThrow('SIGKILL');
    await expect(run('/no/such/program')).rejects.toThrow(/^command error: \/no\/such\/program: ENOENT$/);
    await expect(run('/no/such/program')).rejects.toThrow(IoError);
  });

  it('is shown when that is asked for', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await runLocalCommand(['/bin/echo', 'a'], true);
    const lines = write.mock.calls.map(([text]) => text);
    write.mockRestore();
    expect(lines).toEqual(['run_command: /bin/echo a\n', 'run_command_result: a\n']);
  });
});

describe('a block device', () => {
  it('is none where there is a file, a directory, or nothing', async () => {
    const run: RunCommand = (args) => runLocalCommand(args);
    for (const path of ['/bin/sh', '/', '/dev/null', '/no/such', '', '"; echo 1; "', '$(echo 1)'])
      expect(await blockDeviceExists(path, run), path).toBe(false);
  });

  it('is there when the host that is asked says so', async () => {
    const asked: string[][] = [];
    const run: RunCommand = async (args) => {
      asked.push([...args]);
      return '1';
    };
    expect(await blockDeviceExists('/dev/walb/0', run)).toBe(true);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.slice(0, 2)).toEqual(['/bin/sh', '-c']);
    expect(asked[0]?.at(-1)).toBe('/dev/walb/0');
  });
});
