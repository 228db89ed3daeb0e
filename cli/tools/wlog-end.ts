import type { WlogReader } from '../../core/engine/wlog-reader.ts';
import { FormatError } from '../../core/errors.ts';
import { wlogOffsetBytes } from '../../core/format/wlog.ts';
import { flag } from './options.ts';

/** The option with which a wlog may end anywhere. */
export const NO_END = flag('noend', 'a wlog may end without its end block, as when it was cut');

/** Throws FormatError unless a wlog that was read to its end (with `checkLsid`) has its end block there. */
export function checkWlogEnd(wlog: WlogReader): void {
  if (wlog.end === 'end-block') return;
  const found =
    wlog.end === 'eof'
      ? 'the file ends'
      : wlog.end === 'lsid-gap'
        ? 'there is a pack with another lsid'
        : 'there is something else';
  throw new FormatError(
    `the wlog must go on or have its end block at lsid ${wlog.endLsid}, but ${found}`,
    wlogOffsetBytes(wlog.header, wlog.endLsid),
  );
}
