/** The commands of README and of docs/recipes.md do, as they stand there, what the pages say. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type FreshMachine, freshMachine, patience } from '@openvnet/lab';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
let machine: FreshMachine;
let directory: string;
let shell: Shell;

beforeEach(async () => {
  machine = await freshMachine();
  directory = mkdtempSync(join(tmpdir(), 'openvnet-pages-'));
  shell = new Shell(machine, directory);
  await shell.run(startOpenVSwitch);
});

afterEach(async () => {
  await shell.run('ovs-appctl exit; ovs-appctl -t ovsdb-server exit; kill %% 2>/dev/null; wait; ip -all netns del');
  shell.end();
  await machine[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const startOpenVSwitch = `
mkdir -p /run/openvswitch
ovsdb-tool create /run/openvswitch/conf.db
ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --detach --pidfile --log-file=/dev/null
ovs-vsctl --no-wait init
ovs-vswitchd --detach --pidfile --log-file=/dev/null 2>/dev/null
ip netns add station
ip link add eth1 type veth peer name eth0 netns station
ip netns exec station ethtool -K eth0 tx off > /dev/null
ip -n station addr add 192.0.2.9/24 dev eth0
ip -n station link set eth0 up
ip link set eth1 up
ip -n station route add 10.0.0.0/16 via 192.0.2.254
`;

describe('docs/recipes.md', () => {
  /** What has to hold after each recipe, beside that its commands succeed. */
  const outcomes: Readonly<Record<string, readonly [command: string, expected: RegExp][]>> = {
    'Before you begin': [['vnctl datapaths show dp-br0', /in effect/]],
    Router: [
      ['ping_from vm3 10.0.1.1', /^reached$/],
      ['vnctl router add --network nw-net1 --network nw-net2', /nothing to create/],
    ],
    DHCP: [['ip netns exec vm2 udhcpc -i eth0 -f -n -q -s /bin/true 2>&1', /lease of 10\.0\.1\.2 obtained/]],
    DNS: [
      ['ip netns exec vm1 dig +short @10.0.1.253 www.net1', /^10\.0\.1\.2$/],
      ['ip netns exec vm1 dig +short @10.0.1.253 vm2.net1', /^10\.0\.1\.2$/],
    ],
    Filter: [
      ['ping_from vm1 10.0.1.2', /^not reached$/],
      ['vnctl trace tcp/22 --from if-vm1 --to if-vm2 || true', /does not arrive|dropped|filter/],
    ],
    'Physical network': [['ping_from station 10.0.1.1', /^reached$/]],
    NAT: [
      ['ping_from station 192.0.2.80', /^reached$/],
      ['ping_from vm3 192.0.2.9', /^not reached$/],
    ],
    'Address pool': [['vnctl interfaces show if-vm4', /10\.0\.1\.100/]],
  };

  it('does what it says, recipe by recipe', { timeout: 400_000 * patience }, async () => {
    const recipes = sectionsOf('docs/recipes.md');
    expect([...recipes.keys()]).toEqual(Object.keys(outcomes));
    await shell.run(pingFrom);
    for (const [title, blocks] of recipes) {
      for (const block of blocks) expect(await shell.run(block), `${title}: ${block}`).toMatchObject({ code: 0 });
      for (const [command, expected] of outcomes[title]!) {
        const { out } = await shell.run(command);
        expect(out.trim(), `${title}: ${command}`).toMatch(expected);
      }
    }
  });
});

describe('README.md', () => {
  it('has commands that bring a guest into a network', { timeout: 200_000 * patience }, async () => {
    const blocks = sectionsOf('README.md').get('Use it')!;
    expect(blocks.length).toBeGreaterThan(2);
    const said: string[] = [];
    for (const block of blocks) {
      const { code, out } = await shell.run(block);
      expect(code, `${block}\n${out}`).toBe(0);
      said.push(out);
    }
    expect(said.join('')).toMatch(/if-veth1[\s\S]*in effect/);
    expect(said.join('')).toMatch(/[1-3] received/);
  });
});

const pingFrom = `ping_from() { # NAMESPACE ADDRESS
  if ip netns exec $1 ping -q -c 3 -i 0.3 -W 1 $2 > /dev/null; then echo reached; else echo not reached; fi
}`;

/** The code blocks of a page that are marked as commands, by the heading above them. */
function sectionsOf(page: string): Map<string, string[]> {
  const sections = readFileSync(join(root, page), 'utf8').split(/^## /m).slice(1);
  const found = sections.map((text): [string, string[]] => {
    const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
    return [text.slice(0, text.indexOf('\n')), blocks];
  });
  return new Map(found.filter(([, blocks]) => blocks.length > 0));
}

/** One shell in a machine, as a reader of a page has it: what one block leaves the next one finds. */
class Shell {
  readonly #child: ChildProcess;
  #said = '';
  #count = 0;

  constructor({ within: [program, ...words] }: FreshMachine, state: string) {
    const env = {
      ...process.env,
      PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}:/usr/sbin:/sbin`,
      OPENVNET_STORE: join(state, 'store.db'),
      OPENVNET_STATE: join(state, 'agent'),
    };
    this.#child = spawn(program!, [...words, 'bash'], { cwd: root, env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
    });
  }

  /** Runs commands until one fails; a program in the background is waited for until it answers. */
  async run(commands: string): Promise<{ code: number; out: string }> {
    const mark = `end-of-block-${++this.#count}`;
    const lines = commands.trim();
    this.#said = '';
    const isBackground = /&\s*(#.*)?$/m.test(lines);
    const ready = isBackground ? '\nuntil vnctl status > /dev/null 2>&1; do sleep 0.2; done' : '';
    // Of the commands in a function's place the first that fails ends the block, and not the shell.
    this.#child.stdin!.write(
      `trap 'failed=\${failed:-$?}' ERR; failed=\n${lines}${ready}\necho; echo "${mark} \${failed:-0}"\n`,
    );
    for (;;) {
      const found = new RegExp(`\\n?${mark} (\\d+)\\n`).exec(this.#said);
      if (found) return { code: Number(found[1]), out: this.#said.slice(0, found.index) };
      if (this.#child.exitCode !== null) throw new Error(`the shell has ended: ${this.#said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  end(): void {
    this.#child.stdin!.end();
  }
}
