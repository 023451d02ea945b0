import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeName } from '@openvnet/model';
import { describe, expect, it } from 'vitest';
import { defaultNodeId, machineIdentity } from './machine.ts';

describe('the identity of a machine', () => {
  it('is made from its machine-id, which it does not tell', () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-machine-'));
    const [none, one, other] = ['none', 'one', 'other'].map((name) => join(directory.path, name)) as [
      string,
      string,
      string,
    ];
    const id = '0123456789abcdef0123456789abcdef';
    writeFileSync(one, `${id}\n`);
    writeFileSync(other, `${id.replace('0', 'f')}\n`);
    const identity = machineIdentity([none, one]);
    expect(identity).toMatch(/^[0-9a-f]{32}$/);
    expect(identity).not.toBe(id);
    expect(machineIdentity([one])).toBe(identity);
    expect(machineIdentity([other])).not.toBe(identity);
    writeFileSync(one, 'uninitialized\n');
    expect(machineIdentity([none, one])).toBeUndefined();
  });
});

describe('the name of a node', () => {
  it('is that of the host, as hostname prints it', () => {
    expect(defaultNodeId('hv-17.example.org', 'abcdef0123456789')).toBe('hv-17.example.org');
  });

  it('has a part of the identity where images share the name', () => {
    expect(defaultNodeId('localhost', 'abcdef0123456789')).toBe('localhost-abcdef01');
    expect(defaultNodeId('Debian.local', 'abcdef0123456789')).toBe('Debian.local-abcdef01');
    expect(defaultNodeId('localhost', null)).toBe('localhost');
  });

  it('is one that the manager takes, whatever the host is called', () => {
    for (const name of ['(none)', '', '-x', 'a b', 'ü', 'a\n', 'localhost']) {
      expect(defaultNodeId(name, null)).toMatch(nodeName.pattern);
      expect(defaultNodeId(name, 'abcdef0123456789')).toMatch(nodeName.pattern);
    }
  });
});
