import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expectSame } from '../../expect-same.ts';
import { GoldenCounter, goldenDir, goldenFiles } from '../../golden.ts';
import { refusedBefore, runClient, runServer, wordsOf } from './golden-controller.ts';
import { Image } from './golden-image.ts';
import { runPeers } from './golden-peer.ts';
import {
  type Exchange,
  type Recording,
  RememberingCodecs,
  readRecording,
  withoutTraceAtEnd,
} from './golden-wire.ts';

const counter = new GoldenCounter('wire');
const files = goldenFiles('wire');
const isPeer = (path: string) => path.startsWith('wire/peer/');

afterAll(() => {
  console.log(counter.report());
  expect(counter.missing()).toEqual([]);
});

/** The text of the last error of `walbc`. */
function shownError(recording: Recording): string {
  const text = recording.stderr.join('\n');
  return text.slice(text.lastIndexOf('error: ') + 'error: '.length);
}

/**
 * Where the original client lost its way, ours does not: a failing bhash says its text without a control byte.
 * And where it says only that a read failed, ours says which.
 */
function expectSameError(error: string | null, recording: Recording): void {
  const shown = shownError(recording);
  if (shown === 'basic_string::_M_replace_aux') {
    expect(error).toBe('c2aBlockHashClient:operator():snapshot can not be materialized:vol0:|99|');
  } else if (shown === 'stream:read') {
    expect(error).toMatch(/^stream:read while reading [a-z.-]+: the peer ended the stream$/);
  } else {
    expect(error).toBe(shown);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of the volume at a gid, as the story says. */
function contentOfGid(gid: number): string {
  const lines = readFileSync(join(goldenDir() ?? '', 'state/contents.txt'), 'utf8').split('\n');
  const line = lines.find((each) => each.startsWith(`${gid}\t`));
  return line?.split('\t')[2] ?? '';
}

if (goldenDir() === null) {
  it('has no recordings to check against', () => {
    console.log(counter.report());
  });
} else {
  describe('conversations with the original programs', testPrograms);
  describe('conversations between the original servers', testServers);
}

function testPrograms(): void {
  it.each(files.filter((path) => !isPeer(path)))('%s', async (path) => {
    const recording = readRecording(path);
    const before = refusedBefore(recording);
    if (recording.exchanges.length === 0) {
      expect(before).toBe(shownError(recording));
      counter.check(path);
      return;
    }
    expect(before).toBeNull();
    for (const exchange of recording.exchanges) {
      const codecs = new RememberingCodecs();
      const client = await runClient(recording, exchange, codecs);
      expect(client.sent).toEqual(exchange.client);
      if (recording.stderr.length > 0) expectSameError(client.error, recording);
      else expect(client.error).toBeNull();
      if (client.image.length > 0) expectSameImage(recording, client.image);
      else if (client.error === null) expect(client.lines).toEqual(recording.stdout);
      // The server answers an original client that went away without asking; nobody reads that.
      if (!wentAway(exchange)) expect(client.left).toBe(0);
      expectSameAnswer(await runServer(exchange, client.image, codecs), exchange, recording);
    }
    counter.check(path);
  });

  function expectSameImage(recording: Recording, image: Uint8Array): void {
    expect([`${image.length} bytes of image`]).toEqual(recording.stdout);
    const gid = Number(wordsOf(recording).words[2]);
    if (image.length === 4 * 1024 * 1024) expect(sha256(image)).toBe(contentOfGid(gid));
  }

  /** A `get` whose client found its words wrong after the negotiation. */
  function wentAway(exchange: Exchange): boolean {
    return Buffer.from(exchange.client).toString('latin1') === '\x03ctl\x03get\x01';
  }

  function expectSameAnswer(sent: Uint8Array, exchange: Exchange, recording: Recording): void {
    const expected = withoutTraceAtEnd(exchange.server);
    const shown = shownError(recording);
    if (shown === 'basic_string::_M_replace_aux') {
      // Ours says End before the text, so that a client knows it for what it is.
      const at = expected.length - 1 - 'operator():snapshot can not be materialized:vol0:|99|'.length;
      expect(sent).toEqual(Uint8Array.from([...expected.slice(0, at), 1, ...expected.slice(at)]));
    } else if (wentAway(exchange)) {
      // An answer to nobody: the text of a failed read, where ours is longer.
      expect(Buffer.from(sent).toString('latin1')).toContain('stream:read');
    } else if (recording.title.includes('virt-full-scan') && shown === 'stream:read') {
      expect(Buffer.from(sent).toString('latin1')).toContain('no such snapshot');
      expect(sent.subarray(0, expected.length)).toEqual(expected);
    } else {
      expectSame(sent, expected);
    }
  }
}

function testServers(): void {
  const images = new Map<string, Image>();

  it.each(files.filter(isPeer))('%s', async (path) => {
    const recording = readRecording(path);
    const to = /^\w+ to (\w+):/.exec(recording.title)?.[1] ?? '';
    const image = images.get(to) ?? new Image();
    images.set(to, image);
    const [exchange] = recording.exchanges;
    const run = await runPeers(exchange, image);
    const expected = withoutTraceAtEnd(exchange.server);
    expectSame(run.serverSent, expected);
    if (path.includes('cut-')) {
      expect(String(run.serverError)).toMatch(/stream:read/);
    } else if (path.includes('dirty-diff')) {
      expect(String(run.serverError)).toMatch(/s2pWlogTransferServer:diff is not clean/);
    } else {
      expect(run.serverError).toBeNull();
    }
    expect(run.clientLeft).toBe(0);
    if (run.clientSent !== null) expectSame(run.clientSent, exchange.client);
    counter.check(path);
  });
}
