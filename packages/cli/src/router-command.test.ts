import { type Manager, startManager } from '@openvnet/manager';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from './index.ts';

let manager: Manager;
beforeEach(async () => {
  const logger = pino({ level: 'silent' });
  manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
  for (const n of [1, 2]) await vnctl(`network add --uuid nw-net${n} --ipv4-network 172.16.${n}.0/24`);
});
afterEach(() => manager.close());

async function vnctl(line: string): Promise<{ code: number; text: string }> {
  let text = '';
  const out = (more: string): void => {
    text += more;
  };
  const code = await runCommandLine(line.split(' '), {
    out,
    err: out,
    fancy: false,
    env: { OPENVNET_API: manager.url },
  });
  return { code, text: text.replaceAll(/52:54:00(:[0-9a-f]{2}){3}/g, '52:54:00:??:??:??') };
}

describe('vnctl router add', () => {
  it('makes a router, shows what it made, and makes nothing the second time', async () => {
    const { code, text } = await vnctl('router add --network nw-net1 --network nw-net2 --uuid rl-router');
    expect(code).toBe(0);
    expect(text).toMatchInlineSnapshot(`
      "router     network_uuid  interface_uuid  ipv4_address  mac_address        route_uuid
      rl-router  nw-net1       if-net1-gw      172.16.1.254  52:54:00:??:??:??  r-net1
      rl-router  nw-net2       if-net2-gw      172.16.2.254  52:54:00:??:??:??  r-net2
      created: rl-router, if-net1-gw, r-net1, if-net2-gw, r-net2
      "
    `);
    const again = await vnctl('router add --network nw-net1 --network nw-net2');
    expect(again.text).toMatch(/\nnothing was missing\n$/);
  });

  it('goes on where one network has a router', async () => {
    await vnctl('router add --network nw-net1 --uuid rl-router');
    const { text } = await vnctl('router add --network nw-net2 --route-link-uuid rl-router');
    expect(text).toMatch(/\ncreated: if-net2-gw, r-net2\n$/);
    expect((await vnctl('router add --network nw-net2 -o name')).text).toBe('rl-router\n');
  });

  it('is refused without a network, with two names, and waits as long as it is asked to', async () => {
    expect(await vnctl('router add')).toMatchObject({ code: 2, text: expect.stringMatching(/--network <UUID>/) });
    const twice = await vnctl('router add --network nw-net1 --uuid rl-a --route-link-uuid rl-b');
    expect(twice).toMatchObject({ code: 2, text: expect.stringMatching(/both name the router/) });
    const waited = await vnctl('router add --network nw-net1 --wait 0');
    expect(waited).toMatchObject({
      code: 4,
      text: expect.stringMatching(/r-net1 is not in effect after 0 s; it waits for/),
    });
  });
});
