import { expect, it } from 'vitest';
import type { Encapsulation } from './resources/datapath.ts';
import { narrowestPath, pathBetween } from './underlay-path.ts';

const host = (
  tunnel_address: string | null,
  underlay_mtu: number | null,
  encapsulation: Encapsulation | null = null,
) => ({
  tunnel_address,
  underlay_mtu,
  encapsulation,
});

it.each([
  ['geneve', '192.0.2', 1450, 1550],
  ['vxlan', '192.0.2', 1450, 1550],
  ['gre', '192.0.2', 1458, 1558],
  ['geneve', 'fd00:', 1430, 1530],
  ['vxlan', 'fd00:', 1430, 1530],
  ['gre', 'fd00:', 1438, 1538],
] as const)('a path by %s over %s takes what was measured', (encapsulation, net, at1500, at1600) => {
  const [one, other] = net === 'fd00:' ? ['fd00::1', 'fd00::2'] : ['192.0.2.1', '192.0.2.2'];
  const mtuOf = (own: number, far: number) =>
    pathBetween(host(one, own, encapsulation), host(other, far, encapsulation));
  expect(mtuOf(1500, 1500)).toEqual({ encapsulation, mtu: at1500 });
  expect([mtuOf(1600, 1600), mtuOf(1600, 1500)].map((path) => path?.mtu)).toEqual([at1600, at1500]);
});

it('a path is the same from both ends, and there is none within a host or between IPv4 and IPv6', () => {
  const [one, other] = [host('192.0.2.1', 1500, 'vxlan'), host('192.0.2.2', 9000)];
  expect(pathBetween(one, other)).toEqual({ encapsulation: 'vxlan', mtu: 1450 });
  expect(pathBetween(other, one)).toEqual(pathBetween(one, other));
  expect(pathBetween(one, one)).toBeUndefined();
  expect(pathBetween(one, host(null, 1500))).toBeUndefined();
  expect(pathBetween(one, host('fd00::1', 1500))).toBeUndefined();
  expect(pathBetween(one, host('192.0.2.3', null))).toMatchObject({ mtu: null });
  expect(pathBetween(one, host('192.0.2.3', 100))).toMatchObject({ mtu: null });
});

it('the narrowest path is found among all pairs', () => {
  const all = [host('192.0.2.1', 9000), host('192.0.2.2', 9000), host('192.0.2.3', 1400, 'gre')];
  expect(narrowestPath(all)).toMatchObject({ mtu: 1358, between: [all[0], all[2]] });
  expect(narrowestPath(all.slice(0, 2))?.mtu).toBe(8950);
  expect(narrowestPath(all.slice(0, 1))).toBeUndefined();
  expect(narrowestPath([all[0]!, host(null, 1500), host('192.0.2.9', null)])).toBeUndefined();
});
