import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommandLine } from './index.ts';
import { manPages } from './man.ts';
import { createProgram } from './program.ts';

const directory = mkdtempSync(join(tmpdir(), 'vnctl-man-'));
afterAll(() => rmSync(directory, { recursive: true }));

const bin = (name: string, of: string): string => join(import.meta.dirname, `../../${of}/bin/${name}`);

function program(): ReturnType<typeof createProgram> {
  return createProgram({ out: () => undefined, err: () => undefined, fancy: false, env: {} });
}

async function vnctl(line: string): Promise<{ code: number; out: string }> {
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  return { code: await runCommandLine(line.split(' '), { out: write, err: write, fancy: false, env: {} }), out };
}

/** Complaints of mandoc about a page. */
function lint(file: string): string {
  const { stdout, error } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', file], { encoding: 'utf8' });
  if (error) throw error;
  return stdout;
}

describe('the manual', () => {
  it('has a page for the program and for each command, with each option', async () => {
    const root = program();
    const pages = manPages(root);
    for (const command of root.commands.filter((one) => one.name() !== 'complete')) {
      const page = pages.get(`vnctl-${command.name()}.1`);
      expect(page, command.name()).toMatch(/^\.TH VNCTL\\-\S+ 1 \d{4}-\d\d-\d\d OpenVNet .*\n\.SH NAME\n/);
      for (const one of command.commands.flatMap((sub) => [sub, ...sub.commands]))
        for (const { long, hidden } of one.options) {
          if (!hidden) expect(page).toContain(long!.replaceAll('-', '\\-'));
        }
    }
    expect(await vnctl('man networks')).toEqual({ code: 0, out: pages.get('vnctl-networks.1') });
    expect((await vnctl('man network-service')).out).toBe(pages.get('vnctl-network_services.1'));
    expect(await vnctl('man nothing')).toMatchObject({ code: 2 });
  });

  it('is as mandoc wants it', { timeout: 60_000 }, async () => {
    expect(await vnctl(`man --directory ${directory}`)).toMatchObject({ code: 0 });
    for (const [name, of] of [
      ['vnmgr', 'manager'],
      ['vna', 'agent'],
      ['openvnet', 'openvnet'],
    ] as const)
      writeFileSync(join(directory, `${name}.8`), execFileSync(bin(name, of), ['--man'], { encoding: 'utf8' }));
    const files = readdirSync(directory);
    expect(files).toEqual(expect.arrayContaining(['vnctl.1', 'vnctl-interfaces.1', 'vnmgr.8', 'vna.8', 'openvnet.8']));
    for (const file of files) expect(lint(join(directory, file)), file).toBe('');
    const manual = readFileSync(join(directory, 'vnmgr.8'), 'utf8');
    expect(manual).toContain('.TP\n\\fB\\-\\-listen HOST:PORT,...\\fR\n');
    expect(manual).toContain('.TP\n\\fBvnmgr [option...] backup <file>\\fR\n');
  });

  it.each([
    ['vnmgr', 'manager'],
    ['vna', 'agent'],
    ['openvnet', 'openvnet'],
  ] as const)('of %s says its version, and ends by itself', (name, of) => {
    const env = { ...process.env, NODE_OPTIONS: '--import=data:text/javascript,process.exit=process.abort' };
    const says = (option: string) => execFileSync(bin(name, of), [option], { encoding: 'utf8', env, stdio: 'pipe' });
    expect(says('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(says('--help')).toContain(`Usage: ${name} `);
    expect(says('--man')).toContain('.TH');
    expect(() => says('--nothing')).toThrow(expect.objectContaining({ status: 1 }));
  });
});
