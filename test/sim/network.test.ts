import { describe, expect, it } from 'vitest';
import type { Connection } from '../../core/world/index.ts';
import { codeOf, connectPair, createSimulation, createTraced, pattern, readAll } from './support.ts';

const STEP = 'test';
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('connections', () => {
  it('carry bytes both ways and end in each direction by itself', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      await near.write(bytesOf('question'), STEP);
      await near.end(STEP);
      expect((await readAll(far)).bytes).toEqual(bytesOf('question'));
      await far.write(bytesOf('answer '), STEP);
      await far.write(bytesOf('in two pieces'), STEP);
      await far.end(STEP);
      expect(await readAll(near)).toEqual({ bytes: bytesOf('answer in two pieces'), error: '' });
      expect(await near.read(1, STEP)).toBeNull();
      await expect(near.write(bytesOf('x'), STEP)).rejects.toThrow('ended on this side');
      near.close();
      far.close();
      await simulation.sleep(10_000_000);
      expect(simulation.network.connections.size).toBe(0);
    });
  });

  it('need one event for a write and settle it without one', async () => {
    const simulation = createSimulation();
    await simulation.run(async () => {
      const { near, far } = await connectPair(simulation);
      const { loop } = simulation.kernel;
      const fired = loop.firedCount;
      const reading = far.read(100, STEP);
      await near.write(pattern(50), STEP);
      expect(loop.firedCount).toBe(fired);
      expect(await reading).toEqual(pattern(50));
      expect(loop.firedCount).toBe(fired + 1);
    });
  });

  it('copy what is written before the write settles', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      const buffer = bytesOf('first');
      await near.write(buffer, STEP);
      buffer.fill(0);
      expect(await far.read(100, STEP)).toEqual(bytesOf('first'));
    });
  });

  it('hold a writer back while the reader is slow, and lose nothing', async () => {
    const network = { sendBufferBytes: 1000, receiveBufferBytes: 500 };
    await createSimulation({ network }).run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      let settled = false;
      const writing = near.write(pattern(10_000), STEP).then(() => {
        settled = true;
      });
      await simulation.sleep(60_000_000);
      expect(settled).toBe(false);
      let received = 0;
      while (received < 10_000) {
        const piece = (await far.read(333, STEP)) as Uint8Array;
        expect(piece).toEqual(pattern(piece.length, received));
        received += piece.length;
        await simulation.sleep(1000);
        if (!settled) expect(received).toBeLessThan(10_000);
      }
      await writing;
    });
  });

  it('share a slow link fairly and take the time that it needs', async () => {
    await createSimulation().run(async (simulation) => {
      simulation.addHost('a');
      simulation.addHost('b');
      simulation.network.setLink('a', 'b', { bytesPerS: 100_000, quantumBytes: 1000 });
      const one = await connectPair(simulation, 'server1', 'client1');
      one.b.processes.get('server1');
      const begunUs = simulation.nowUs;
      await one.near.write(pattern(100_000), STEP);
      await one.near.end(STEP);
      expect((await readAll(one.far)).bytes.length).toBe(100_000);
      const tookUs = simulation.nowUs - begunUs;
      expect(tookUs).toBeGreaterThan(1_000_000);
      expect(tookUs).toBeLessThan(1_050_000);
    });
  });
});

describe('connecting', () => {
  const connectTo = (port: number, timeoutUs: number, host = 'b') => {
    const simulation = createSimulation();
    return simulation.run(async () => {
      const a = simulation.addHost('a');
      const b = simulation.addHost('b');
      if (port === 2) b.powerLoss();
      if (port === 3) simulation.network.partition('a', 'b');
      let outcome = '';
      const client = a.spawn('client', async (world) => {
        try {
          await world.network.connect({ host, port }, timeoutUs, STEP);
        } catch (error) {
          outcome = codeOf(error);
        }
        return 0;
      });
      await client.exited;
      return { outcome, nowUs: simulation.nowUs };
    });
  };

  it('is refused where nobody listens', async () => {
    const { outcome, nowUs } = await connectTo(1, 0);
    expect(outcome).toBe('ECONNREFUSED');
    expect(nowUs).toBeLessThan(10_000);
  });

  it('finds no way to a host without power, or that does not exist', async () => {
    const off = await connectTo(2, 0);
    expect(off.outcome).toBe('EHOSTUNREACH');
    expect(off.nowUs).toBeGreaterThan(2_999_999);
    expect((await connectTo(1, 0, 'nowhere')).outcome).toBe('EHOSTUNREACH');
  });

  it('times out over a link that loses everything', async () => {
    const given = await connectTo(3, 4_000_000);
    expect(given).toEqual({ outcome: 'TimeoutError', nowUs: 4_000_000 });
    const system = await connectTo(3, 0);
    expect(system).toEqual({ outcome: 'TimeoutError', nowUs: 127_000_000 });
  });

  it('succeeds after a short loss by sending the request again', async () => {
    await createSimulation().run(async (simulation) => {
      simulation.addHost('a');
      simulation.addHost('b');
      simulation.network.partition('a', 'b');
      simulation.at(1_500_000, () => simulation.network.heal('a', 'b'));
      await connectPair(simulation);
      expect(simulation.nowUs).toBeGreaterThan(3_000_000);
      expect(simulation.nowUs).toBeLessThan(3_100_000);
    });
  });

  it('fills the backlog while nobody accepts; more attempts wait', async () => {
    await createSimulation({ network: { backlog: 2 } }).run(async (simulation) => {
      const a = simulation.addHost('a');
      const b = simulation.addHost('b');
      let accepting = false;
      const served: string[] = [];
      b.spawn('server', async (world) => {
        const listener = await world.network.listen(1, STEP);
        await simulation.sleep(10_000_000);
        accepting = true;
        for (;;) {
          const connection = (await listener.accept(STEP)) as Connection;
          served.push((await readAll(connection)).bytes.length.toString());
        }
      });
      await simulation.sleep(1);
      let connected = 0;
      const clients = [1, 2, 3].map((size) =>
        a.spawn(`client${size}`, async (world) => {
          const connection = await world.network.connect({ host: 'b', port: 1 }, 0, STEP);
          connected += 1;
          if (connected === 3) expect(accepting).toBe(true);
          await connection.write(pattern(size), STEP);
          await connection.end(STEP);
          await readAll(connection);
          return 0;
        }),
      );
      await simulation.sleep(5_000_000);
      expect(connected).toBe(2);
      await simulation.sleep(60_000_000);
      expect(served.sort()).toEqual(['1', '2', '3']);
      expect(clients.map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    });
  });
});

describe('the ends of connections', () => {
  it('a killed process ends its connections: end where all was read, reset else', async () => {
    await createSimulation().run(async (simulation) => {
      const read = await connectPair(simulation);
      await read.far.write(bytesOf('last words'), STEP);
      read.server.kill();
      expect(await readAll(read.near)).toEqual({ bytes: bytesOf('last words'), error: '' });
      read.client.kill();
      await simulation.sleep(1_000_000);
      const unread = await connectPair(simulation);
      await unread.near.write(bytesOf('never read'), STEP);
      await simulation.sleep(1_000_000);
      unread.server.kill();
      expect(await readAll(unread.near)).toEqual({ bytes: new Uint8Array(0), error: 'ECONNRESET' });
      await expect(unread.near.write(bytesOf('x'), STEP)).rejects.toMatchObject({ code: 'EPIPE' });
    });
  });

  it('bytes that reach a closed socket are answered by a reset', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      far.close();
      await simulation.sleep(1_000_000);
      await near.write(bytesOf('too late'), STEP);
      await simulation.sleep(1_000_000);
      expect((await readAll(near)).error).toBe('ECONNRESET');
    });
  });

  it('closing with unread bytes is a reset, and wakes the own pending read', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      const pending = near.read(1, STEP).catch(codeOf);
      await far.write(pattern(3), STEP);
      expect(await pending).toEqual(pattern(1));
      near.close();
      expect((await readAll(far)).error).toBe('ECONNRESET');
      await expect(near.read(1, STEP)).rejects.toMatchObject({ code: 'EPIPE' });
    });
  });

  it('unaccepted connections are reset when the listener closes, and its port is free again', async () => {
    await createSimulation().run(async (simulation) => {
      const a = simulation.addHost('a');
      const b = simulation.addHost('b');
      const server = b.spawn('server', async (world) => {
        const listener = await world.network.listen(1, STEP);
        (await listener.accept(STEP))?.close();
        await simulation.sleep(1_000_000);
        listener.close();
        expect(await listener.accept(STEP)).toBeNull();
        const second = await world.network.listen(1, STEP);
        await expect(world.network.listen(1, STEP)).rejects.toMatchObject({ code: 'EADDRINUSE' });
        const waiting = second.accept(STEP);
        second.close();
        expect(await waiting).toBeNull();
        return 0;
      });
      await simulation.sleep(1);
      const endings: string[] = [];
      const client = a.spawn('client', async (world) => {
        for (let i = 0; i < 2; i++) {
          const connection = await world.network.connect({ host: 'b', port: 1 }, 0, STEP);
          connection.setTimeouts(10_000_000, 0);
          endings.push((await readAll(connection)).error);
        }
        return 0;
      });
      expect(await client.exited).toBe(0);
      expect(endings).toEqual(['', 'ECONNRESET']);
      expect(await server.exited).toBe(0);
    });
  });

  it('a read and a write give up after their time-outs, exactly then', async () => {
    const network = { sendBufferBytes: 100, receiveBufferBytes: 100 };
    await createSimulation({ network }).run(async (simulation) => {
      const { near } = await connectPair(simulation);
      near.setTimeouts(3_000_000, 2_000_000);
      const begunUs = simulation.nowUs;
      await expect(near.read(1, STEP)).rejects.toThrow('Nothing came');
      expect(simulation.nowUs - begunUs).toBe(3_000_000);
      const writing = near.write(pattern(1000), STEP);
      await expect(writing).rejects.toMatchObject({ name: 'TimeoutError' });
      const tookUs = simulation.nowUs - begunUs - 3_000_000;
      expect(tookUs).toBeGreaterThanOrEqual(2_000_000);
      expect(tookUs).toBeLessThan(2_010_000);
    });
  });
});

describe('partitions and lost power', () => {
  it('a held link delivers everything in order after the release', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      simulation.network.hold('a', 'b');
      for (let i = 0; i < 10; i++) await near.write(pattern(10, i * 10), STEP);
      let arrived = false;
      const reading = far.read(10_000, STEP).then((bytes) => {
        arrived = true;
        return bytes;
      });
      await simulation.sleep(60_000_000);
      expect(arrived).toBe(false);
      simulation.network.release('a', 'b');
      expect(await reading).toEqual(pattern((await reading)?.length ?? 0));
    });
  });

  it('a partition that heals loses nothing', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      await near.write(pattern(100), STEP);
      simulation.network.partition('a', 'b');
      await near.write(pattern(100, 100), STEP);
      await near.end(STEP);
      simulation.at(simulation.nowUs + 30_000_000, () => simulation.network.heal('a', 'b'));
      expect((await readAll(far)).bytes).toEqual(pattern(200));
      expect(simulation.nowUs).toBeGreaterThan(30_000_000);
    });
  });

  it('in one-way loss the other direction passes at most one window', async () => {
    const network = { sendBufferBytes: 10_000, receiveBufferBytes: 1000 };
    await createSimulation({ network }).run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      simulation.network.partitionOneWay('a', 'b');
      await far.write(pattern(5000), STEP);
      let received = 0;
      near.setTimeouts(5_000_000, 0);
      await expect(
        (async () => {
          for (;;) received += (await near.read(1000, STEP))?.length ?? 0;
        })(),
      ).rejects.toThrow('Nothing came');
      expect(received).toBe(1000);
      simulation.network.heal('a', 'b');
      while (received < 5000) received += (await near.read(1000, STEP))?.length ?? 0;
    });
  });

  it('a peer without power is silent; after its return it resets old connections', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, b } = await connectPair(simulation);
      const begunUs = simulation.nowUs;
      b.powerLoss();
      near.setTimeouts(10_000_000, 0);
      await expect(near.read(1, STEP)).rejects.toThrow('Nothing came');
      expect(simulation.nowUs - begunUs).toBe(10_000_000);
      b.powerOn();
      await expect(near.read(1, STEP)).rejects.toThrow('Nothing came');
      await near.write(pattern(1), STEP);
      const { error } = await readAll(near);
      expect(error).toBe('ECONNRESET');
      expect(simulation.network.connections.size).toBe(0);
    });
  });

  it('data sent while the peer was without power is answered by a reset after its return', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, b } = await connectPair(simulation);
      b.powerLoss();
      await near.write(pattern(1), STEP);
      near.setTimeouts(60_000_000, 0);
      await expect(near.read(1, STEP)).rejects.toThrow('Nothing came');
      b.powerOn();
      expect((await readAll(near)).error).toBe('ECONNRESET');
    });
  });

  it('a sender without any answer gives up after 13 to 30 minutes', async () => {
    await createSimulation().run(async (simulation) => {
      const { near } = await connectPair(simulation);
      simulation.network.partition('a', 'b');
      await near.write(pattern(1), STEP);
      expect((await readAll(near)).error).toBe('ETIMEDOUT');
      expect(simulation.nowUs).toBeGreaterThan(13 * 60_000_000);
      expect(simulation.nowUs).toBeLessThan(31 * 60_000_000);
    });
  });
});

describe('traces of messages', () => {
  it('name the write as the cause of the arrival', async () => {
    const { simulation, lines } = createTraced();
    await simulation.run(async () => {
      const { near, far } = await connectPair(simulation);
      await near.write(pattern(7), STEP);
      await far.read(7, STEP);
    });
    const fields = lines.map((line) => line.split('\t'));
    const wrote = fields.find((line) => line[7] === 'net.write') as string[];
    const arrived = fields.find((line) => line[7] === 'net.arrive-data') as string[];
    const read = fields.find((line) => line[7] === 'net.read') as string[];
    expect(arrived[11]).toBe(wrote[1]);
    expect(read[11]).toBe(arrived[1]);
    expect(arrived.slice(9, 11)).toEqual(wrote.slice(9, 11));
    expect(arrived[13]).toBe(wrote[13]);
  });

  it('name what a task did last as the cause of its next call, whatever others do meanwhile', async () => {
    const { simulation, lines } = createTraced();
    await simulation.run(async () => {
      const host = simulation.addHost('a');
      const names = ['one', 'two', 'three'];
      const running = names.map((name) =>
        host.spawn(name, async ({ files }) => {
          for (let i = 0; i < 10; i++) await files.makeDirectory(`/${name}${i}`, STEP);
          return 0;
        }),
      );
      for (const { exited } of running) await exited;
    });
    const fields = lines.map((line) => line.split('\t'));
    for (const name of ['one#1', 'two#1', 'three#1']) {
      const mine = fields.filter((line) => line[4] === name);
      expect(mine.length).toBe(12);
      for (let i = 1; i < mine.length; i++) expect(mine[i]?.[11]).toBe(mine[i - 1]?.[1]);
    }
  });
});
