import { describe, expect, it } from 'vitest';
import { machines, runUntil } from './machine.ts';
import { lineOf, parts, partsNamed, readParts } from './parts.ts';

const cache = '/home/me/.cache/openvnet-kernel';

describe('the parts', () => {
  it('are all of them, or those with a word in their names', () => {
    expect(partsNamed([])).toEqual(Object.keys(parts));
    expect(partsNamed(['demo', 'dns'])).toEqual(['demo', 'packages/openvnet/src/dns.lab.test.ts']);
    expect(() => partsNamed(['dns', 'nothing'])).toThrow('no part is called nothing; there are demo, ');
  });

  it('have failed where the machine was ended before it said anything of them', () => {
    const first = { name: 'demo', passed: 1, failed: 0, seconds: 9 };
    const text = `${lineOf(first)}${lineOf({ ...first, name: 'dns' }).slice(0, 20)}`;
    expect(readParts(text, ['demo', 'dns'])).toEqual([first, { name: 'dns', passed: 0, failed: 1, seconds: 0 }]);
  });
});

describe('the machine', () => {
  const place = { cache, work: '/src', results: '/tmp/results' };

  it('reads the files of this one, and writes only to the directory for results', () => {
    expect(machines['user-mode'](place)).toEqual(
      expect.arrayContaining([
        `${cache}/linux`,
        'ro',
        'init=/src/scripts/kernel/init-user-mode',
        'results=/tmp/results',
      ]),
    );
    const writable = machines.emulated(place).filter((word) => /^local,/.test(word) && !word.includes('readonly=on'));
    expect(writable).toEqual(['local,id=results,path=/tmp/results,security_model=none']);
    for (const words of Object.values(machines))
      expect(() => words({ ...place, work: '/my src' })).toThrow('/my src: a path with a space or a comma in it');
  });

  const sleeping = ['sh', '-c', 'echo $$; exec sleep 60'];
  const isThere = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it.each([
    ['the time is over', 1 / 600, 'late'],
    ['somebody asks for it', 5, 'stopped'],
  ] as const)('is gone when %s', async (_, minutes, expected) => {
    const stop = new AbortController();
    let pid = 0;
    const write = (text: Buffer): void => {
      pid = Number(text);
      if (expected === 'stopped') stop.abort();
    };
    expect(await runUntil(sleeping, { minutes, stop: stop.signal, write })).toBe(expected);
    expect(pid).toBeGreaterThan(0);
    expect(isThere(pid)).toBe(false);
  });

  it('has failed where it cannot be started or says so itself', async () => {
    const options = { minutes: 1, stop: new AbortController().signal, write: () => {} };
    expect(await runUntil(['true'], options)).toBe('ended');
    expect(await runUntil(['false'], options)).toBe('failed');
    expect(await runUntil(['no-such-program'], options)).toBe('failed');
  });
});
