import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { holderOf } from './port-holder.ts';

async function listen(host: string, port = 0): Promise<Server> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

it('names the process that listens at an address, and not one at another address of the same port', async () => {
  const server = await listen('127.9.8.7');
  const { port } = server.address() as { port: number };
  const here = { pid: process.pid, name: expect.any(String) };
  expect(holderOf('127.9.8.7', port)).toEqual(here);
  expect(holderOf('0.0.0.0', port)).toEqual(here);
  expect(holderOf('127.9.8.8', port)).toBeUndefined();

  const script = `require('net').createServer().listen(${port}, '127.9.8.8', () => console.log('there'))`;
  const other = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void other.kill());
  await once(other.stdout, 'data');
  expect(holderOf('127.9.8.8', port)).toMatchObject({ pid: other.pid });
  expect(holderOf('127.9.8.7', port)).toEqual(here);
});

it('names who listens at every address', async () => {
  const { port } = (await listen('::')).address() as { port: number };
  expect(holderOf('127.0.0.1', port)).toMatchObject({ pid: process.pid });
});
