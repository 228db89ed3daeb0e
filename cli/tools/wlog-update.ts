import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { FormatError } from '../../core/errors.ts';
import { uuidFromText } from '../../core/format/uuid.ts';
import { decodeWlogHeader, encodeWlogHeader, WLOG_HEADER_BYTES } from '../../core/format/wlog.ts';
import { wlogHeaderLine } from '../../core/format/wlog-text.ts';
import { asIo } from '../../native/errors.ts';
import { readAt, writeAll } from '../../native/file-bytes.ts';
import { inputError } from './files.ts';
import { argument, flag, lsidLimit, optionalInteger, readOption, text } from './options.ts';
import { defineTool } from './tool.ts';

export const wlogUpdate = defineTool({
  name: 'wlog-update',
  summary: 'changes fields in the header of a wlog file, in place',
  notes: ['Packs are not touched: with another salt or begin lsid they are not valid any more.'],
  examples: ['wlog-update -e 2000 a.wlog', 'wlog-update -u a0a1a2a3a4a5a6a7a8a9aaabacadaeaf a.wlog'],
  options: {
    beginLsid: optionalInteger('b', 'LSID', 'begin lsid'),
    endLsid: { ...lsidLimit('e', 'end lsid; all ones = unknown'), absentText: null, absent: undefined },
    salt: optionalInteger('s', 'SALT', 'salt', { max: 0xffff_ffff }),
    uuid: text('u', 'UUID', 'uuid, 32 hexadecimal digits', ''),
    verbose: flag('v', 'accepted and ignored'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('WLOG_PATH', 'wlog file'),
  },
  async body({ beginLsid, endLsid, salt, path, ...values }, { err }) {
    const uuid =
      values.uuid === '' ? null : readOption('u', values.uuid, '32 hexadecimal digits', uuidFromText);
    const handle = await asIo(path, () => open(path, constants.O_RDWR));
    try {
      const block = await readAt(handle, path, 0, WLOG_HEADER_BYTES);
      if (block.length < WLOG_HEADER_BYTES)
        throw new FormatError('eof error: a wlog header expected', block.length);
      const before = decodeWlogHeader(block);
      err.line(wlogHeaderLine(before));
      const after = {
        ...before,
        ...(beginLsid !== null && { beginLsid }),
        ...(endLsid !== undefined && { endLsid }),
        ...(salt !== null && { salt }),
        ...(uuid !== null && { uuid }),
      };
      const changed = encodeWlogHeader(after);
      if (Buffer.compare(changed, block) === 0) {
        err.line('Not updated.');
        return 0;
      }
      await writeAll(handle, path, 0, changed);
      await asIo(path, () => handle.datasync());
      err.line(wlogHeaderLine(after));
      return 0;
    } catch (error) {
      throw inputError(error, path);
    } finally {
      await handle.close();
    }
  },
});
