import { startManager } from '@openvnet/manager';
import { apiErrors, kinds, resourceOf } from '@openvnet/model';
import type { Command } from 'commander';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from './index.ts';
import { createProgram } from './program.ts';

const logger = pino({ level: 'silent' });
let url = '';
let close: () => Promise<void>;

beforeAll(async () => {
  ({ url, close } = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger }));
});
afterAll(() => close());

async function vnctl(words: readonly string[]): Promise<{ code: number; err: string }> {
  let err = '';
  const code = await runCommandLine(words, {
    out: () => undefined,
    err: (text) => {
      err += text;
    },
    fancy: false,
    env: { OPENVNET_API: url, HOME: '/nowhere' },
  });
  return { code, err };
}

/** Every command of the API by its words, with names of objects that there are not for its arguments. */
function apiCommands(): string[][] {
  const program = createProgram({ out: () => undefined, err: () => undefined, fancy: false, env: {} });
  const below = (command: Command, path: readonly string[]): string[][] => {
    const here = [...path, command.name()];
    if (command.commands.length > 0) return command.commands.flatMap((one) => below(one, here));
    const wanted = command.registeredArguments.filter((one) => one.required);
    return [[...here, ...wanted.map((_, index) => `${prefixes(here)[index]}-none`)]];
  };
  const groups = program.commands.filter((one) => one.commands.length > 0 && one.name() !== 'lab');
  return groups.flatMap((one) => below(one, []));
}

/** What the uuids begin with that a command takes. */
function prefixes([plural, name]: readonly string[]): (string | undefined)[] {
  const top = kinds.find((kind) => resourceOf(kind).plural === plural)!;
  const below = kinds.find((kind) => resourceOf(kind).nested?.of === top && resourceOf(kind).nested?.name === name);
  const { nested, idPrefix } = below ? resourceOf(below) : {};
  return [resourceOf(top).idPrefix, nested?.with ? resourceOf(nested.with).idPrefix : idPrefix];
}

describe('what the API requires', () => {
  it.each(apiCommands().map((words) => [words.join(' '), words] as const))('%s asks for it', async (_, words) => {
    const { code, err } = await vnctl(words);
    // The API says first what is missing, and only then that there is no such object.
    expect(err).not.toContain(apiErrors.missingArgument.doc.split(/[.;]/)[0]!.toLowerCase());
    if (/ is missing/.test(err)) expect(code).toBe(2);
  });

  it.each([
    ['filters static del fil-a', '--protocol tcp|udp|icmp|arp|ip|all is missing: '],
    [
      'translations static_address del tr-a --ingress-ipv4-address 1.2.3.4',
      '--egress-ipv4-address ADDRESS is missing: ',
    ],
    ['dns_services dns_records add dnss-a --name a', '--uuid UUID is missing: '],
    ['ip_leases attach il-a', '--interface-uuid UUID or --mac-lease-uuid UUID is missing'],
  ])('%s is a mistake of the command line', async (line, complaint) => {
    const { code, err } = await vnctl(line.split(' '));
    expect([code, err]).toEqual([2, expect.stringContaining(`vnctl: ${complaint}`)]);
  });
});
