import { describe, expect, it } from 'vitest';
import { machineWords, runUntil } from './machine.ts';
import { demo, labTests, lineOf, partsNamed, readParts } from './parts.ts';

const cache = '/home/me/.cache/openvnet-kernel';

describe('the parts', () => {
  it('are all of them, or those with a word in their names', () => {
    expect(partsNamed([])).toEqual([demo, ...labTests]);
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
  it('reads the files of this one, and writes only to the directory for results', () => {
    const words = machineWords({ cache, work: '/src', results: '/tmp/results' });
    expect(words).toContain(`${cache}/linux`);
    expect(words).toEqual(
      expect.arrayContaining(['ro', 'init=/src/scripts/kernel/init', 'work=/src', 'results=/tmp/results']),
    );
    expect(() => machineWords({ cache, work: '/my src', results: '/r' })).toThrow(
      '/my src: a path with a space in it cannot be handed to the kernel',
    );
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
    await expect(runUntil(['no-such-program'], options)).rejects.toThrow('no-such-program');
  });
});
