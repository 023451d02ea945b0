import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Ovsdb, type OvsdbOptions } from './index.ts';
import { parseTarget } from './target.ts';

/** A server that is told what to do with each connection, and a client that has been started on it. */
async function served(connection: (socket: Socket, nth: number) => void, options: Partial<OvsdbOptions> = {}) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    connection(socket, sockets.push(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const target = `tcp:127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ovsdb = new Ovsdb({ target, retryMs: 5, ...options });
  const reasons: string[] = [];
  ovsdb.on('down', (reason) => reasons.push(reason.slice(target.length + 2)));
  onTestFinished(async () => {
    await ovsdb[Symbol.asyncDispose]();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  ovsdb.start();
  return { ovsdb, reasons, sockets };
}

const monitored = JSON.stringify({ id: 1, result: {}, error: null });
const soon = <T>(look: () => T) => vi.waitFor(look, { timeout: 4000, interval: 5 });

describe('a connection', () => {
  it('answers the echo of the server, and ignores what it does not know', async () => {
    let heard = '';
    const { ovsdb } = await served((socket) => {
      socket.on('data', (data) => {
        heard += data;
      });
      socket.write(`${monitored}{"id":"echo","method":"echo","params":["x",1]}{"id":99,"result":1,"error":null}`);
      socket.write('{"id":null,"method":"locked","params":["a"]}{"id":7,"method":"steal","params":[]}');
    });
    await soon(() => expect(heard).toContain('{"result":["x",1],"error":null,"id":"echo"}'));
    await soon(() => expect(heard).toContain('{"result":null,"error":"unknown method","id":7}'));
    expect(heard).toContain('"method":"monitor_cond","params":["Open_vSwitch","Open_vSwitch",{');
    await soon(() => expect(ovsdb.connected).toBe(true));
  });

  it.each([
    ['what is no JSON', 'HTTP/1.1 400 Bad Request', 'unreadable: byte 0x48 where a message should begin'],
    ['a message that says nothing', '{}', 'unreadable: a message that is neither request nor answer'],
    ['a method without params', '{"method":"update2","id":null}', 'unreadable: update2 without params'],
    [
      'a refusal of the monitor',
      '{"id":1,"result":null,"error":"unknown database"}',
      /^monitor_cond refused: .*unknown database/,
    ],
    [
      'contents that are none',
      '{"id":1,"result":{"Mirror":{"x":{}}},"error":null}',
      /^unreadable: an update of Mirror/,
    ],
    [
      'an update that cannot be',
      `${monitored}{"method":"update2","id":null,"params":["m",{"Port":{"x":{"modify":{}}}}]}`,
      /Port x/,
    ],
    [
      'the end of the monitor',
      `${monitored}{"method":"monitor_canceled","id":null,"params":["m"]}`,
      'the server ended the monitor',
    ],
    ['an end without a word', '', 'the server closed the connection'],
  ])('closes for %s, says why, and tries again', async (_, sent, reason) => {
    const { ovsdb, reasons } = await served((socket, nth) => {
      if (nth > 1) socket.write(monitored);
      else if (sent === '') socket.destroy();
      else socket.write(sent);
    });
    await soon(() => expect(reasons).toHaveLength(1));
    expect(reasons[0]).toMatch(reason);
    await soon(() => expect(ovsdb.connected).toBe(true));
    expect(ovsdb.reason).toBeUndefined();
  });

  it('asks a silent server for an echo, and leaves it when none comes', async () => {
    let heard = '';
    const { reasons } = await served(
      (socket) => {
        socket.on('data', (data) => {
          heard += data;
        });
      },
      { probeMs: 40 },
    );
    await soon(() => expect(reasons[0]).toBe('no answer for 0.08 s'));
    expect(heard).toContain('{"method":"echo","params":[],"id":"probe"}');
  });

  it('stays with a server that answers its echo', async () => {
    let probes = 0;
    const { ovsdb, reasons } = await served(
      (socket) => {
        socket.write(monitored);
        socket.on('data', (data) => {
          probes += data.toString().split('"probe"').length - 1;
          socket.write('{"id":"probe","result":[],"error":null}');
        });
      },
      { probeMs: 20 },
    );
    await soon(() => expect(probes).toBeGreaterThan(5));
    expect({ connected: ovsdb.connected, reasons }).toEqual({ connected: true, reasons: [] });
  });

  it('takes an update that comes in one piece with the first contents', async () => {
    const row = { Bridge: { b: { insert: { name: 'br0' } } } };
    const update = JSON.stringify({ method: 'update2', id: null, params: ['m', row] });
    const { ovsdb } = await served((socket) => socket.write(monitored + update));
    await soon(() => expect([...ovsdb.bridges.keys()]).toEqual(['br0']));
  });

  it('tells one reason once, and asks a server that drops it less and less often', async () => {
    const { reasons, sockets } = await served((socket) => socket.end(monitored.slice(0, 3)));
    const began = performance.now();
    await soon(() => expect(sockets.length).toBeGreaterThan(5));
    expect(reasons).toEqual(['the server closed the connection']);
    // After 5, 10, 20, 40 and 80 ms.
    expect(performance.now() - began).toBeGreaterThan(140);
  });
});

describe('parseTarget', () => {
  it('reads names and addresses', () => {
    for (const text of ['unix:/run/db.sock', 'tcp:host:6640', 'tcp:10.0.0.1:1', 'tcp:[::1]:6640']) {
      expect(parseTarget(text).text).toBe(text);
    }
  });
  it.each(['', 'unix:', '/run/db.sock', 'tcp:host', 'tcp:host:0', 'tcp:host:70000', 'tcp:::1:6640', 'ssl:h:1'])(
    'refuses %j where it is made',
    (text) => {
      expect(() => new Ovsdb({ target: text })).toThrow('is neither unix:PATH nor tcp:HOST:PORT');
    },
  );
});
