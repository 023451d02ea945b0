import { PrivateSwitch } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askDaemon } from './control.ts';

let vswitch: PrivateSwitch;
let directory: string;

beforeAll(async () => {
  vswitch = await PrivateSwitch.start({ dummy: true });
  await vswitch.addBridge({ name: 'br0' });
  await vswitch.addPort('br0', 'p1');
  directory = vswitch.runDirectory;
});
afterAll(() => vswitch[Symbol.asyncDispose]());

const daemon = 'ovs-vswitchd';

describe('a control socket', () => {
  it('answers with text, as ovs-appctl prints it', async () => {
    const text = await askDaemon({ directory, daemon }, 'ofproto/trace', ['br0', 'in_port=1,arp']);
    expect(text).toMatch(/^Flow: arp,in_port=1[\s\S]*Datapath actions:/);
  });

  it('says what the daemon refuses', async () => {
    await expect(askDaemon({ directory, daemon }, 'ofproto/trace', ['br9', 'arp'])).rejects.toThrow(/br9|bridge/);
    await expect(askDaemon({ directory, daemon }, 'nonsense', [])).rejects.toThrow(/"nonsense" is not a valid command/);
  });

  it('that is not there is an error that names the directory', async () => {
    await expect(askDaemon({ directory, daemon: 'nobody' }, 'version', [])).rejects.toThrow(
      `${directory} has no control socket of nobody`,
    );
    await expect(askDaemon({ directory: '/nowhere', daemon }, 'version', [])).rejects.toThrow(/^\/nowhere: ENOENT/);
  });
});
