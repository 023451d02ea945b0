import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { declareOptions, readSettings } from './settings.ts';
import { hostPort, listOf, matching, oneOf, path, truth, webAddress } from './values.ts';

const options = {
  listen: { doc: 'where to listen', placeholder: 'HOST:PORT', read: path, default: '127.0.0.1:9090' },
  logLevel: { doc: 'lowest level to log', placeholder: 'LEVEL', read: oneOf(['info', 'debug']), default: 'info' },
  node: { doc: 'name', placeholder: 'NAME', read: path, default: 'here' },
};

function fileWith(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'openvnet-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'vnmgr.yml');
  writeFileSync(path, text);
  return path;
}

describe('readSettings', () => {
  it('takes a flag before the environment, that before the file, and that before the default', async () => {
    const config = fileWith('listen: file:1\nlog-level: debug\n');
    const env = { OPENVNET_LISTEN: 'env:1', OPENVNET_CONFIG: config };
    expect(await readSettings(options, { listen: 'flag:1' }, env)).toEqual({
      listen: 'flag:1',
      logLevel: 'debug',
      node: 'here',
    });
    expect((await readSettings(options, {}, env)).listen).toBe('env:1');
    expect((await readSettings(options, { config }, {})).listen).toBe('file:1');
    expect((await readSettings(options, {}, { OPENVNET_LISTEN: '' })).listen).toBe('127.0.0.1:9090');
  });

  it('reads numbers and words of the file as text', async () => {
    expect((await readSettings(options, { config: fileWith('node: 17') }, {})).node).toBe('17');
    expect((await readSettings(options, { config: fileWith('') }, {})).node).toBe('here');
  });

  it('says where a value stands that cannot be used', async () => {
    await expect(readSettings(options, {}, { OPENVNET_LOG_LEVEL: 'loud' })).rejects.toThrow(
      'OPENVNET_LOG_LEVEL is "loud", which is invalid: expected one of info, debug.',
    );
    await expect(readSettings(options, { config: fileWith('listen: {a: 1}') }, {})).rejects.toThrow(
      /expected one value/,
    );
    await expect(readSettings(options, { config: fileWith('lisen: a') }, {})).rejects.toThrow(
      /there is no setting lisen. Settings: listen, log-level, node/,
    );
    await expect(readSettings(options, { config: '/nowhere/vnmgr.yml' }, {})).rejects.toThrow(/\/nowhere\/vnmgr.yml/);
    await expect(readSettings(options, { config: fileWith('- a') }, {})).rejects.toThrow(/must be names with values/);
  });

  it('declares each to a command line, with its variable and default', () => {
    const declared: string[] = [];
    declareOptions(
      {
        option: (flags, doc) => declared.push(`${flags}: ${doc}`),
        on: (event) => declared.push(event),
        exitOverride: () => undefined,
        version: (_, flags, doc) => declared.push(`${flags}: ${doc}`),
        name: () => 'vnmgr',
        description: () => 'The manager.',
        commands: [],
      },
      options,
    );
    expect(declared).toEqual([
      '--listen <HOST:PORT>: where to listen (OPENVNET_LISTEN, default 127.0.0.1:9090)',
      '--log-level <LEVEL>: lowest level to log (OPENVNET_LOG_LEVEL, default info)',
      '--node <NAME>: name (OPENVNET_NODE, default here)',
      '--config <FILE>: YAML file with the same settings, without the dashes (OPENVNET_CONFIG)',
      '-V, --version: print the version, and exit',
      '--man: print the manual page, in roff, and exit',
      'option:man',
    ]);
  });
});

describe('an option without a value, and one with several', () => {
  const more = {
    insecure: { doc: 'whatever', read: truth, default: 'false' },
    allowHost: {
      doc: 'names',
      placeholder: 'NAME,...',
      list: true,
      read: listOf(matching(/^[a-z]+$/, 'expected a name')),
      default: '',
    },
  } as const;

  it('are read from flags, environment and file', async () => {
    const declared = new Map<string, ((value: string, before: string | undefined) => string) | undefined>();
    const option = (flags: string, _: string, read?: (value: string, before: string | undefined) => string) =>
      declared.set(flags, read);
    const rest = { name: () => 'vnmgr', description: () => '', commands: [] };
    declareOptions({ option, on: () => {}, version: () => {}, exitOverride: () => {}, ...rest }, more);
    expect([...declared.keys()].slice(0, 2)).toEqual(['--insecure', '--allow-host <NAME,...>']);
    const join = declared.get('--allow-host <NAME,...>')!;
    expect(await readSettings(more, { insecure: true, allowHost: join('b, c', join('a', undefined)) }, {})).toEqual({
      insecure: true,
      allowHost: ['a', 'b', 'c'],
    });
    expect(await readSettings(more, {}, {})).toEqual({ insecure: false, allowHost: [] });
    expect(await readSettings(more, {}, { OPENVNET_INSECURE: '1', OPENVNET_ALLOW_HOST: 'd' })).toEqual({
      insecure: true,
      allowHost: ['d'],
    });
    const config = fileWith('insecure: true\nallow-host: [e, f]\n');
    expect(await readSettings(more, { config }, {})).toEqual({ insecure: true, allowHost: ['e', 'f'] });
    await expect(readSettings(more, {}, { OPENVNET_INSECURE: 'maybe' })).rejects.toThrow(
      'OPENVNET_INSECURE is "maybe", which is invalid: expected true or false.',
    );
    await expect(readSettings(more, { allowHost: 'a,1' }, {})).rejects.toThrow('expected a name');
  });
});

describe('hostPort', () => {
  it('takes a host and a port, or a port alone', () => {
    expect(hostPort('[::1]:80')).toEqual({ host: '::1', port: 80 });
    expect(hostPort(':80')).toEqual({ host: '0.0.0.0', port: 80 });
    for (const wrong of ['80', 'host', 'host:', 'host:65536', '::1:80'])
      expect(() => hostPort(wrong)).toThrow('expected an address and a port');
  });
});

describe('webAddress', () => {
  it('takes HTTP and HTTPS', () => {
    const read = webAddress('expected a URL');
    for (const good of ['http://127.0.0.1:9090', 'https://[::1]/']) expect(read(good)).toBe(good);
    for (const wrong of ['localhost:9090', 'ftp://a', 'a', 'http://'])
      expect(() => read(wrong)).toThrow('expected a URL');
  });
});
