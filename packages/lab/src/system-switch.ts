import { existsSync } from 'node:fs';
import { OpenVSwitch } from './open-vswitch.ts';
import { patience } from './patience.ts';
import { run } from './run.ts';

/** Where a packaged Open vSwitch has its sockets. */
const runDirectory = process.env.OVS_RUNDIR ?? '/var/run/openvswitch';

/** The Open vSwitch of the system, where it runs: its database answers and vswitchd follows it. */
export async function systemSwitch(): Promise<OpenVSwitch | undefined> {
  const database = `${runDirectory}/db.sock`;
  if (!existsSync(database)) return undefined;
  const vsctl = [`--timeout=${3 * patience}`, '--no-wait', `--db=unix:${database}`];
  const { code } = await run('ovs-vsctl', [...vsctl, 'show'], { mayFail: true });
  if (code !== 0) return undefined;
  const version = await run('ovs-appctl', [`--timeout=${3 * patience}`, 'version'], {
    mayFail: true,
    env: { OVS_RUNDIR: runDirectory },
  });
  if (version.code !== 0) return undefined;
  return new OpenVSwitch({
    runDirectory,
    namespace: null,
    datapath: (await hasKernelDatapath()) ? 'kernel' : 'userspace',
  });
}

/** Whether the kernel can move the packets; its module is loaded where it is there and was not asked for yet. */
export async function hasKernelDatapath(): Promise<boolean> {
  if (existsSync('/sys/module/openvswitch')) return true;
  const { code } = await run('modprobe', ['-q', 'openvswitch'], { mayFail: true }).catch(() => ({ code: 1 }));
  return code === 0 && existsSync('/sys/module/openvswitch');
}
