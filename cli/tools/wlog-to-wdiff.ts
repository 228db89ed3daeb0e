import { convertToIndexed, convertToSorted } from '../../core/engine/wlog-to-wdiff.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import { checkApart, withInput, withOutput } from './files.ts';
import { flag, integer, text } from './options.ts';
import { defineTool } from './tool.ts';
import { NO_END } from './wlog-end.ts';

export const wlogToWdiff = defineTool({
  name: 'wlog-to-wdiff',
  summary: 'converts wlogs that follow each other in one stream into a wdiff',
  notes: ['The sorted form keeps all data in memory until the end; use -indexed for large logs.'],
  examples: ['wlog-to-wdiff -i a.wlog -o a.wdiff', 'cat 1.wlog 2.wlog | wlog-to-wdiff -indexed > a.wdiff'],
  options: {
    input: text('i', 'PATH', 'wlogs, - for standard input', '-'),
    output: text('o', 'PATH', 'wdiff, - for standard output', '-'),
    maxIoBytes: integer('x', 'BYTES', 'largest IO of the wdiff, 0 = no limit', MIB),
    indexed: flag('indexed', 'write an indexed wdiff'),
    noEnd: NO_END,
    debug: flag('debug', 'accepted and ignored'),
  },
  async body({ input, output, maxIoBytes, indexed, noEnd }, { io, err }) {
    await checkApart([input], output);
    const pool = await io.codecs();
    const convert = indexed ? convertToIndexed : convertToSorted;
    await withOutput(output, io, (sink) =>
      withInput(
        input,
        io,
        ({ source }) =>
          convert(source, sink, {
            pool,
            maxIoLb: Math.floor(maxIoBytes / LOGICAL_BLOCK_BYTES),
            requireEnd: !noEnd,
            onWlogEnd: (lsid) => err.line(`converted until lsid ${lsid}`),
          }),
        { isKept: !indexed },
      ),
    );
    return 0;
  },
});
