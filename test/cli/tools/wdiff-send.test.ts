import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Channel } from '../../../core/protocol/channel.ts';
import { negotiateAsServer } from '../../../core/protocol/negotiation.ts';
import { type ReceivedPack, receivePacks } from '../../../core/protocol/pack-stream.ts';
import {
  acceptWdiff,
  finishWdiff,
  receiveWdiffRequest,
  rejectWdiff,
  type WdiffRequest,
} from '../../../core/protocol/wdiff-transfer.ts';
import { diffToText } from '../../../core/snapshot/meta.ts';
import type { Listener } from '../../../core/world/network.ts';
import { nodeNetwork } from '../../../native/network.ts';
import { Folder, linesOf, run } from './kit.ts';
import { makeWlog, SMALL_LOG } from './log-kit.ts';

const STEP = 'test';
const SECOND_US = 1_000_000;
const folder = new Folder();
const listeners: Listener[] = [];
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
});

/** What an archive heard. */
interface Heard {
  request: WdiffRequest | null;
  clientId: string | null;
  packs: ReceivedPack[];
}

/** An archive that answers one offer with `answer`, on a free port. */
async function archive(answer: string): Promise<{ port: string; heard: Heard; done: Promise<void> }> {
  const listener = await nodeNetwork().listen(0, STEP);
  listeners.push(listener);
  const heard: Heard = { request: null, clientId: null, packs: [] };
  const serve = async () => {
    const connection = await listener.accept(STEP);
    if (connection === null) return;
    connection.setTimeouts(10 * SECOND_US, 10 * SECOND_US);
    const channel = new Channel(connection);
    const client = await negotiateAsServer(channel, 'a0', (protocol) => protocol === 'wdiff-transfer');
    heard.clientId = client?.clientId ?? null;
    heard.request = await receiveWdiffRequest(channel);
    if (answer !== 'accept') {
      await rejectWdiff(channel, answer);
      return;
    }
    await acceptWdiff(channel);
    await receivePacks(channel, heard.request.sizeLb, async (pack) => {
      heard.packs.push(pack);
    });
    await finishWdiff(channel);
  };
  return { port: String(listener.port), heard, done: serve() };
}

const NAME = '20240101000000-M--3-4.wdiff';
let sorted: string;
let indexed: string;

beforeAll(async () => {
  const wlog = await makeWlog(SMALL_LOG);
  sorted = folder.write(NAME, (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout);
  indexed = folder.write('any.wdiff', (await run('wlog-to-wdiff', ['-indexed'], { stdin: wlog })).stdout);
});

const uuidLine = async (path: string) =>
  linesOf((await run('wdiff-show', ['-norec', path])).out).find((line) => line.includes('uuid'));
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

describe('wdiff-send', () => {
  it('sends what the file name says, over TCP, and waits until it is durable there', async () => {
    const { port, heard, done } = await archive('accept');
    const result = await run('wdiff-send', ['127.0.0.1', port, 'vol0', '12M', sorted]);
    await done;
    expect([result.status, result.out, result.err]).toEqual([0, '', '']);
    const { request } = heard;
    expect(request).toMatchObject({ volId: 'vol0', hostType: 'proxy', sizeLb: 24576 });
    expect(heard.clientId).toBe('wdiff-send');
    expect(diffToText(request?.diff ?? expect.fail())).toBe('|3|-->|4|');
    expect(request?.diff).toMatchObject({ isMergeable: true, timestamp: 1_704_067_200 });
    expect(await uuidLine(sorted)).toContain(hex(request?.uuid));
    const shown = linesOf((await run('wdiff-show', ['-nohead', sorted])).out);
    expect(heard.packs.flatMap((pack) => pack.records)).toHaveLength(shown.length);
  });

  it('sends an indexed wdiff, said by options', async () => {
    const { port, heard, done } = await archive('accept');
    const uuid = 'ab'.repeat(16);
    const said = ['-g0', '7', '-g1', '9', '-merge', '0', '-time', '20240101000001', '-uuid', uuid];
    const where = ['-node', 'me', 'localhost', port, 'vol0', '12M', indexed];
    expect((await run('wdiff-send', [...said, ...where])).status).toBe(0);
    await done;
    const { request, clientId, packs } = heard;
    expect([clientId, hex(request?.uuid)]).toEqual(['me', uuid]);
    expect(diffToText(request?.diff ?? expect.fail())).toBe('|7|-->|9|');
    expect(request?.diff).toMatchObject({ isMergeable: false, timestamp: 1_704_067_201 });
    expect(packs.length).toBeGreaterThan(0);
  });

  it('takes an expected refusal as success, another answer as an error', async () => {
    const refusing = await archive('too-old-diff');
    const expected = ['-msg', 'too-old-diff', '127.0.0.1', refusing.port, 'vol0', '12M', sorted];
    expect((await run('wdiff-send', expected)).status).toBe(0);
    await refusing.done;
    const other = await archive('stopped');
    const result = await run('wdiff-send', ['127.0.0.1', other.port, 'vol0', '12M', sorted]);
    await other.done;
    expect(result.status).toBe(1);
    expect(result.err).toMatch(/ERROR wdiff-send:bad response:stopped:accept expected\n$/);
    const welcome = await archive('accept');
    const left = expect(welcome.done).rejects.toThrow();
    const args = ['-msg', 'stopped', '127.0.0.1', welcome.port, 'vol0', '12M', sorted];
    expect((await run('wdiff-send', args)).err).toContain('bad response:accept:stopped expected');
    await left;
  });

  it('says that a peer which is no archive does not answer', async () => {
    const listener = await nodeNetwork().listen(0, STEP);
    listeners.push(listener);
    const accepted = listener.accept(STEP);
    const sending = run('wdiff-send', ['127.0.0.1', String(listener.port), 'vol0', '12M', sorted]);
    const connection = await accepted;
    await connection?.read(1000, STEP);
    connection?.close();
    const { status, err } = await sending;
    expect([status, err.slice(24)]).toEqual([
      1,
      expect.stringMatching(/^ERROR wdiff-send:no answer of an archive: .*\n$/),
    ]);
  });

  it('needs an archive, a name that tells, and a sound file', async () => {
    const listener = await nodeNetwork().listen(0, STEP);
    listener.close();
    const closed = await run('wdiff-send', ['127.0.0.1', String(listener.port), 'vol0', '12M', sorted]);
    expect([closed.status, closed.err.includes('ECONNREFUSED')]).toEqual([1, true]);
    const nameless = await run('wdiff-send', ['127.0.0.1', '1', 'vol0', '12M', indexed]);
    expect(nameless.err).toMatch(/ERROR wdiff-send:parseDiffFileName:too short name:any\.wdiff/);
    const cut = folder.write('20240101000000-M--4-5.wdiff', new Uint8Array(10));
    const bad = await run('wdiff-send', ['127.0.0.1', '1', 'vol0', '12M', cut]);
    expect(bad.err).toMatch(/eof error.*at byte \d+ of/);
  });
});
