import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { commandLine, end, isGone, processId } from './processes.ts';
import { start } from './run.ts';

/** Its first thread ends at once, and the other one a minute later. */
const leaderEnds = `
import ctypes, platform, threading, time
threading.Thread(target=lambda: time.sleep(60)).start()
ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[platform.machine()], 0)
`;

describe('a process', () => {
  it('is there until its last thread has ended', async () => {
    const child = start('python3', ['-c', leaderEnds], { stdio: 'ignore' });
    const running = processId(child.pid!)!;
    try {
      while (!/\) Z /.test(readFileSync(`/proc/${running.pid}/stat`, 'utf8'))) await sleep(5);
      expect(processId(running.pid)).toEqual(running);
      expect(commandLine(running.pid)).toMatch(/python3 -c/);
      expect(await isGone(running, 100)).toBe(false);
    } finally {
      await end(running);
    }
    expect(processId(running.pid)).toBeUndefined();
    expect(commandLine(running.pid)).toBe('');
  });
});
