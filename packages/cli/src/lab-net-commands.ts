import type { Command } from 'commander';
import { UsageError } from './failure.ts';
import { isNumber } from './options.ts';

interface LinkOptions {
  readonly file?: string;
  readonly runDirectory?: string;
  readonly underlay?: string;
  readonly overlap?: string;
}

/** `vnctl lab cut|join|loss|move`: the network between the hosts of a lab, and the hosts of guests. */
export function addLabNetCommands(add: (name: string, doc: string) => Command, say: (line: string) => void): void {
  const options = (command: Command): LinkOptions => command.opts<LinkOptions>();
  const addLink = (name: string, doc: string): Command =>
    add(name, doc)
      .argument('<name>', 'A host, a router, a station, or manager.')
      .option('--underlay <NAME>', 'One of its underlay networks; all by default.');

  const cut = addLink('cut', 'Drops all packets between a host and the underlay networks; the carrier stays.');
  cut.action(async (name: string) => {
    const { labCut } = await import('@openvnet/lab');
    await labCut({ ...options(cut), name, say });
  });

  const join = addLink('join', 'Ends a cut.');
  join.action(async (name: string) => {
    const { labJoin } = await import('@openvnet/lab');
    await labJoin({ ...options(join), name, say });
  });

  const loss = addLink('loss', 'Drops a share of the packets between a host and the underlay networks, at random.');
  loss.argument('<percent>', '0 ends the loss.');
  loss.action(async (name: string, percent: string) => {
    if (!isNumber(percent)) throw new UsageError(`${JSON.stringify(percent)}: expected a percentage from 0 to 100`);
    const { labLoss } = await import('@openvnet/lab');
    await labLoss({ ...options(loss), name, percent: Number(percent), say });
  });

  const move = add('move', 'Moves a guest to another host; it keeps its MAC address, addresses and connections.');
  move
    .argument('<guest>', 'Name of the namespace in the lab file.')
    .argument('<host>', 'Name of the host in the lab file.')
    .option('--overlap <MS>', 'How long both hosts have its port before the guest moves, in milliseconds.', '1000');
  move.action(async (name: string, host: string) => {
    const { overlap = '', ...where } = options(move);
    if (!isNumber(overlap)) throw new UsageError(`--overlap ${JSON.stringify(overlap)}: expected milliseconds`);
    const { labMove } = await import('@openvnet/lab');
    await labMove({ ...where, name, host, overlapMs: Number(overlap), say });
  });
}
