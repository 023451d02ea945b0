import { type Manager, startManager } from '@openvnet/manager';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from './program.ts';
import { splitLine } from './split-line.ts';

let manager: Manager;
beforeEach(async () => {
  const logger = pino({ level: 'silent' });
  manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
  await vnctl('network add --uuid nw-a --ipv4-network 10.0.0.0');
  await vnctl('interface add --uuid if-a --network-uuid nw-a --ipv4-address 10.0.0.1 --mac-address 52:54:00:00:00:01');
  await vnctl('interface add --uuid if-gw --mode simulated --network-uuid nw-a --ipv4-address 10.0.0.254');
  await vnctl('route_link add --uuid rl-a');
  await vnctl('route add --uuid r-a --interface-uuid if-gw --route-link-uuid rl-a --ipv4-network 10.0.0.0/24');
});
afterEach(() => manager.close());

/** Runs `vnctl`; `says` is what somebody at a terminal answers. */
async function vnctl(line: string, says?: string): Promise<{ code: number; out: string; asked: string[] }> {
  let out = '';
  const asked: string[] = [];
  const write = (text: string): void => {
    out += text;
  };
  const ask = async (question: string): Promise<boolean> => {
    asked.push(question);
    return says === 'y';
  };
  const env = { OPENVNET_API: manager.url, HOME: '/nonexistent' };
  const io = { out: write, err: write, fancy: false, env, ...(says !== undefined && { ask }) };
  const code = await runCommandLine(splitLine(line), io);
  return { code, out, asked };
}

const isThere = async (uuid: string): Promise<boolean> => (await vnctl(`interface show ${uuid}`)).code === 0;

describe('vnctl ... del', () => {
  it('on a terminal lists what else would go, and asks', async () => {
    const refused = await vnctl('interface del if-gw', 'n');
    expect(refused).toMatchObject({ code: 1, asked: ['Delete if-gw and all of these? [y/N] '] });
    expect(refused.out).toMatch(
      /^With if-gw these would be deleted:\n {2}route r-a \(.*route_link_uuid rl-a.*\)\nvnctl: if-gw was not deleted\n$/,
    );
    expect(await isThere('if-gw')).toBe(true);
    const removed = await vnctl('interface del if-gw', 'y');
    expect(removed).toMatchObject({
      code: 0,
      out: expect.stringMatching(/if-gw deleted, and with it:\n {2}route r-a /),
    });
    expect(await isThere('if-gw')).toBe(false);
  });

  it('asks nothing where only its own parts go, where nobody is there, and with --yes', async () => {
    expect(await vnctl('interface del if-a', 'n')).toEqual({ code: 0, out: 'if-a deleted\n', asked: [] });
    expect(await vnctl('route_link del rl-a --yes', 'n')).toMatchObject({ code: 0, asked: [] });
    const { code, out } = await vnctl('network del nw-a');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^nw-a deleted, and with it:\n {2}ip lease il-\w+ \(.*interface_uuid if-gw/),
    ]);
    expect(await isThere('if-gw')).toBe(true);
  });

  it('refuses with --no-cascade what is used, and only lists with --dry-run, in the API too', async () => {
    const used = await vnctl('interface del if-gw --no-cascade');
    expect(used).toMatchObject({
      code: 1,
      out: 'vnctl: if-gw is used by r-a\nhint: Use: vnctl interfaces del if-gw --dry-run\n',
    });
    expect((await vnctl('interface del if-gw --dry-run')).out).toMatch(
      /^if-gw would be deleted, and with it:\n(.*\n)* {2}route r-a .*\n(.*\n)*Use: vnctl interfaces del if-gw\n$/,
    );
    expect(await isThere('if-gw')).toBe(true);
    expect((await vnctl('interface del if-a --no-cascade')).code).toBe(0);
    const answer = await fetch(`${manager.url}/api/1.0/networks/nw-a?dry_run=true`, { method: 'DELETE' });
    expect(await answer.json()).toMatchObject({
      uuid: 'nw-a',
      more: 0,
      removes: expect.arrayContaining([expect.objectContaining({ uuid: 'r-a' })]),
    });
  });
});
