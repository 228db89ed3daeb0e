import {
  flag,
  integer,
  lsidLimit,
  OptionError,
  parseOptions,
  restArguments,
  signedInteger,
  texts,
} from '../../../cli/tools/options.ts';
import { parseWorkerArguments, parseYaml } from '../../../cli/worker.ts';
import { configDocument, loadConfig } from '../../../core/control/worker/config.ts';
import { FormatError } from '../../../core/errors.ts';
import { parseOptionInteger, parseUnitSize } from '../../../core/format/size-text.ts';
import { digitsToUnixTime, unixTimeToDigits } from '../../../core/format/time-text.ts';
import { uuidFromText, uuidToText } from '../../../core/format/uuid.ts';
import { addrPortFromText, compressOptFromText } from '../../../core/snapshot/host-info.ts';
import { snapToText } from '../../../core/snapshot/meta.ts';
import {
  gidFromText,
  gidInfoFromText,
  snapFromText,
  stateFromText,
  stateToTextWithTime,
} from '../../../core/snapshot/meta-text.ts';
import { parseWdiffFileName, wdiffFileName } from '../../../core/snapshot/wdiff-name.ts';
import { FuzzFault, type FuzzTarget } from '../target.ts';

const NOW_S = 1_700_000_000;

function text(
  name: string,
  examples: readonly string[],
  run: (text: string) => void,
  refusals: FuzzTarget['refusals'] = [FormatError],
): FuzzTarget {
  return {
    name,
    seeds: async () => examples.map((example) => new Uint8Array(Buffer.from(example))),
    run: async (bytes) => run(Buffer.from(bytes).toString()),
    refusals,
    maxArrayBytes: 4 * 1024 * 1024,
  };
}

/** What was read must be read again from what is written for it. */
function stable<T>(source: string, read: (text: string) => T, write: (value: T) => string): void {
  const written = write(read(source));
  if (write(read(written)) !== written)
    throw new FuzzFault(`${JSON.stringify(source)} is written ${written}`);
}

const OPTIONS = {
  size: integer('s', 'BYTES', 'size', 1),
  diff: signedInteger('d', 'N', 'difference', 0),
  end: lsidLimit('e', 'end'),
  inputs: texts('i', 'PATH', 'inputs'),
  verbose: flag('v', 'more'),
  rest: restArguments('PATH', 'paths', false),
};

const CONFIG = `general:
  addr: 192.168.0.1
  port: 10200
  max_task: 10
  max_replication_task: 2
  kick_interval: 1
apply:
  keep_period: 14d
merge:
  interval: 1d
  max_nr: 10
  max_size: 1M
  threshold_nr: 5
repl:
  servers:
    repl0:
      addr: 192.168.0.2
      port: 10201
      interval: 3:00:00
      compress: snappy:3:4
      max_merge_size: 5K
      max_send_size: 2M
      bulk_size: 40
  disabled_volumes: [vol1]
`;

/** Targets of texts: file names, numbers, states, command lines, configuration. */
export const TEXT_TARGETS: readonly FuzzTarget[] = [
  text(
    'wdiff-name',
    [
      '20240101000000-M--1-2.wdiff',
      '20180102030405--C-1-3-5-7.wdiff',
      '20180102030405-M--1-18446744073709551615.wdiff',
    ],
    (source) => stable(source, parseWdiffFileName, wdiffFileName),
  ),
  text('size-text', ['16M', '0x1fG', '123', '18446744073709551615', '5k'], (source) => {
    for (const read of [parseOptionInteger, parseUnitSize]) {
      try {
        const value = read(source);
        if (!Number.isSafeInteger(value)) throw new FuzzFault(`${source} is ${value}`);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
  }),
  text('time-text', ['20240101000000', '19700101000000', '99991231235959'], (source) =>
    stable(source, digitsToUnixTime, unixTimeToDigits),
  ),
  text('uuid-text', ['000102030405060708090a0b0c0d0e0f', 'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF'], (source) =>
    stable(source, uuidFromText, uuidToText),
  ),
  text('snap-text', ['|5|', '|5,7|', '|18446744073709551615|'], (source) =>
    stable(source, snapFromText, snapToText),
  ),
  text('state-text', ['<|5|>', '<|5|-->|7|>', '<|0,1|-->|7|>-20240101000000'], (source) =>
    stable(source, (given) => stateFromText(given, NOW_S), stateToTextWithTime),
  ),
  text('gid-text', ['5', '18446744073709551615', '0'], (source) => {
    gidFromText(source);
  }),
  text('gid-info-text', ['5 2024-01-01T00:00:00', '12 2024-01-01T00:00:00 1'], (source) => {
    gidInfoFromText(source);
  }),
  text('addr-port', ['localhost:10200', '127.0.0.1:1'], (source) => {
    addrPortFromText(source);
  }),
  text('compress-opt', ['snappy:0:1', 'zstd:3:4'], (source) => {
    compressOptFromText(source);
  }),
  text(
    'command-line',
    ['-s 16M -v a b', '-i x y -e 0xffffffffffffffff - -d -5', '-h'],
    (source) => {
      parseOptions(OPTIONS, source.split(' '));
    },
    [OptionError],
  ),
  text('worker-arguments', ['-f a.yml -f - -vv', '-f x -step 3 -lifetime 60 -no'], (source) => {
    parseWorkerArguments(source.split(' '));
  }),
  text('worker-config', [CONFIG], (source) => {
    const config = loadConfig([parseYaml(source, 'config')]);
    const again = loadConfig([configDocument(config)]);
    if (JSON.stringify(again) !== JSON.stringify(config))
      throw new FuzzFault('the configuration changes when it is written');
  }),
];
