import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { IoError, StateError, TimeoutError } from '../../core/errors.ts';
import { Channel } from '../../core/protocol/channel.ts';
import type { Connection, Listener } from '../../core/world/index.ts';
import { nodeNetwork } from '../../native/network.ts';

const STEP = 'test';
const network = nodeNetwork();
const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0)) each();
});

async function listening(): Promise<Listener> {
  const listener = await network.listen(0, STEP);
  undo.push(() => listener.close());
  return listener;
}

/** Both ends of a connection. */
async function pair(): Promise<{ client: Connection; server: Connection }> {
  const listener = await listening();
  const accepted = listener.accept(STEP);
  const client = await network.connect({ host: '127.0.0.1', port: listener.port }, 5_000_000, STEP);
  const server = (await accepted) as Connection;
  undo.push(
    () => client.close(),
    () => server.close(),
  );
  return { client, server };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (read: Uint8Array | null) => (read === null ? null : new TextDecoder().decode(read));

async function readAll(connection: Connection, maxBytes = 1 << 20): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let part = await connection.read(maxBytes, STEP); part !== null; ) {
    expect(part.length).toBeLessThanOrEqual(maxBytes);
    parts.push(part);
    part = await connection.read(maxBytes, STEP);
  }
  return new Uint8Array(Buffer.concat(parts));
}

describe('connections', () => {
  it('carry bytes both ways, in pieces of any size', async () => {
    const { client, server } = await pair();
    const data = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
    const sent = client.write(data, STEP).then(() => client.end(STEP));
    expect(await readAll(server, 7000)).toEqual(data);
    await sent;
    // Half-closed: the other direction goes on.
    await server.write(bytes('answer'), STEP);
    await server.end(STEP);
    expect(text(await readAll(client))).toBe('answer');
    expect(await client.read(10, STEP)).toBeNull();
  });

  it('give waiting bytes although nobody read when they came', async () => {
    const { client, server } = await pair();
    await client.write(bytes('abcdef'), STEP);
    await client.end(STEP);
    expect(text(await server.read(2, STEP))).toBe('ab');
    expect(text(await server.read(100, STEP))).toBe('cdef');
    expect(await server.read(100, STEP)).toBeNull();
  });

  it('know their peer', async () => {
    const { client, server } = await pair();
    expect(client.peer).toMatch(/127\.0\.0\.1:\d+$/);
    expect(server.peer).toMatch(/127\.0\.0\.1:\d+$/);
  });

  it('end reads that wait too long, and go on afterwards', async () => {
    const { client, server } = await pair();
    server.setTimeouts(20_000, 0);
    await expect(server.read(1, STEP)).rejects.toThrow(TimeoutError);
    server.setTimeouts(0, 0);
    await client.write(bytes('x'), STEP);
    expect(text(await server.read(1, STEP))).toBe('x');
  });

  it('end writes that nobody takes, and are over then', async () => {
    const { client } = await pair();
    client.setTimeouts(0, 50_000);
    const piece = new Uint8Array(1 << 20);
    const fill = async () => {
      for (let i = 0; i < 64; i++) await client.write(piece, STEP);
    };
    await expect(fill()).rejects.toThrow(TimeoutError);
    await expect(client.write(piece, STEP)).rejects.toThrow(IoError);
  });

  it('take one read and one write at a time', async () => {
    const { client, server } = await pair();
    const waits = server.read(1, STEP);
    await expect(server.read(1, STEP)).rejects.toThrow(StateError);
    await client.write(bytes('x'), STEP);
    expect(text(await waits)).toBe('x');
    const large = client.write(new Uint8Array(1 << 24), STEP);
    await expect(client.write(bytes('y'), STEP)).rejects.toThrow(StateError);
    client.close();
    await expect(large).rejects.toMatchObject({ code: 'EPIPE' });
  });

  it('that are closed with unread bytes are reset', async () => {
    const { client, server } = await pair();
    await client.write(bytes('unread'), STEP);
    expect(text(await server.read(1, STEP))).toBe('u');
    server.close();
    await expect(client.read(1, STEP)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(client.write(bytes('x'), STEP)).rejects.toThrow(IoError);
  });

  it('that are closed with nothing unread end in order', async () => {
    const { client, server } = await pair();
    server.close();
    expect(await client.read(1, STEP)).toBeNull();
    server.close();
    await expect(server.read(1, STEP)).rejects.toMatchObject({ code: 'EPIPE' });
    await expect(server.write(bytes('x'), STEP)).rejects.toMatchObject({ code: 'EPIPE' });
    await expect(server.end(STEP)).rejects.toMatchObject({ code: 'EPIPE' });
  });

  it('end a read that waits when they are closed here', async () => {
    const { server } = await pair();
    const waits = server.read(1, STEP);
    server.close();
    await expect(waits).rejects.toMatchObject({ code: 'EPIPE' });
  });

  it('carry conversations', async () => {
    const { client, server } = await pair();
    const [a, b] = [new Channel(client), new Channel(server)];
    a.out.string('walb');
    a.out.u64(12345678901);
    await a.flush(STEP);
    expect([await b.readString(STEP), await b.readU64(STEP)]).toEqual(['walb', 12345678901]);
    const ended = b.fail('an error', STEP);
    expect(await a.readString(STEP)).toBe('an error');
    a.close();
    await ended;
  });
});

describe('connecting and listening', () => {
  it('refuses a port that nobody listens on, and one that is taken', async () => {
    const listener = await network.listen(0, STEP);
    const { port } = listener;
    await expect(network.listen(port, STEP)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    listener.close();
    await expect(network.connect({ host: '127.0.0.1', port }, 1_000_000, STEP)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('does not find a host without a name', async () => {
    const address = { host: 'no-such-host.invalid', port: 1 };
    await expect(network.connect(address, 10_000_000, STEP)).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
  });

  it('hands out connections in their order, and null once it is over', async () => {
    const listener = await listening();
    const address = { host: '127.0.0.1', port: listener.port };
    const clients: Connection[] = [];
    for (const word of ['one', 'two']) {
      const client = await network.connect(address, 0, STEP);
      await client.write(bytes(word), STEP);
      clients.push(client);
    }
    for (const word of ['one', 'two']) {
      const server = (await listener.accept(STEP)) as Connection;
      expect(text(await server.read(10, STEP))).toBe(word);
      server.close();
    }
    const waits = listener.accept(STEP);
    listener.close();
    listener.close();
    expect(await waits).toBeNull();
    expect(await listener.accept(STEP)).toBeNull();
    for (const client of clients) client.close();
  });

  it('resets what nobody accepted when it is closed', async () => {
    const listener = await listening();
    const client = await network.connect({ host: '127.0.0.1', port: listener.port }, 0, STEP);
    undo.push(() => client.close());
    listener.close();
    await expect(client.read(1, STEP)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('notices a peer that resets', async () => {
    let connected: (socket: Socket) => void = () => {};
    const accepted = new Promise<Socket>((resolve) => {
      connected = resolve;
    });
    const plain = createServer((socket) => connected(socket)).listen(0);
    undo.push(() => plain.close());
    await new Promise((done) => plain.once('listening', done));
    const address = plain.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const client = await network.connect({ host: '127.0.0.1', port }, 0, STEP);
    const waits = client.read(1, STEP);
    (await accepted).resetAndDestroy();
    await expect(waits).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
