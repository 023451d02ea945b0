import { describe, expect, it } from 'vitest';
import { routesFrom } from './underlay-routes.ts';

const underlays = [
  { name: 'a', network: ['198.18.1.0/24'], mtu: 1600 },
  { name: 'b', network: ['198.18.2.0/24', 'fd00:2::/64'], mtu: 1600 },
  { name: 'c', network: ['198.18.3.0/24', 'fd00:3::/64'], mtu: 1600 },
  { name: 'wan', network: [], mtu: 1500 },
];
const routers = [
  { name: 'one', underlays: { a: ['198.18.1.254'], b: ['198.18.2.254', 'fd00:2::254'], wan: [] } },
  { name: 'two', underlays: { b: ['198.18.2.253', 'fd00:2::253'], c: ['198.18.3.253', 'fd00:3::253'] } },
];

describe('routes in the underlay', () => {
  it('lead to every other network, by one router or several, and in its own family', () => {
    expect(routesFrom({ a: ['198.18.1.1'] }, { underlays, routers })).toEqual([
      { to: '198.18.2.0/24', via: '198.18.1.254' },
      { to: '198.18.3.0/24', via: '198.18.1.254' },
    ]);
    expect(routesFrom({ b: ['198.18.2.1', 'fd00:2::1'] }, { underlays, routers })).toEqual([
      { to: '198.18.1.0/24', via: '198.18.2.254' },
      { to: '198.18.3.0/24', via: '198.18.2.253' },
      { to: 'fd00:3::/64', via: 'fd00:2::253' },
    ]);
    expect(routesFrom(routers[1]!.underlays, { underlays, routers: [routers[0]!] })).toEqual([
      { to: '198.18.1.0/24', via: '198.18.2.254' },
    ]);
  });

  it('are none where no router is', () => {
    expect(routesFrom({ a: ['198.18.1.1'] }, { underlays, routers: [] })).toEqual([]);
    expect(routesFrom({}, { underlays, routers })).toEqual([]);
  });
});
