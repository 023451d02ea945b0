import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calls, ordered, type Step, switchSteps } from '../testing/field-report.ts';
import { Host, textOf, until } from '../testing/host.ts';
import { namedFlows } from '../testing/named-flows.ts';

/** What may happen to the programs, anywhere in between. */
const programSteps: readonly Step[] = [
  { name: 'agent', after: [], run: (host) => host.startAgent() },
  {
    name: 'agent again',
    after: ['agent'],
    run: async (host) => {
      await host.stopAgent();
      await host.startAgent();
    },
  },
  {
    name: 'manager again',
    after: [],
    run: async (host) => {
      await host.stopManager();
      await host.startManager();
    },
  },
];

/** Calls as they stand, each of which waits for the one before. */
const inOrder: readonly Step[] = ordered(calls).map((call, i, all) => ({
  ...call,
  after: i === 0 ? [] : [all[i - 1]!.name],
}));

/** The flows of a host to which all this happened, as `read` gives them: as soon as they are `wanted`, or else in the end. */
async function outcome(
  steps: readonly Step[],
  read: (host: Host) => Promise<string[]>,
  wanted?: string[],
): Promise<string[]> {
  await using host = await Host.start();
  for (const step of ordered(steps)) await step.run(host);
  await host.settled();
  // A controller that is set flushes the flows a moment later: they have to be back within the second.
  const same = async () => !wanted || JSON.stringify(await read(host)) === JSON.stringify(wanted);
  await until(same, { timeoutMs: 1000 }).catch(() => undefined);
  return await read(host);
}

const inBytes = async (host: Host) => (await host.flows()).map(textOf);
const inWords = async (host: Host) => namedFlows(await host.flows(), host.agent.slice);

const others = [...switchSteps, ...programSteps];

describe('the flows at the end', () => {
  const usual = [...inOrder, ...others];

  it('are the same byte for byte, whenever ports come, the switch connects, and programs start and end', async () => {
    const wanted = await outcome(usual, inBytes);
    expect(wanted.length).toBeGreaterThan(60);
    const orders = fc.array(fc.nat(), { minLength: others.length, maxLength: others.length });
    await fc.assert(
      fc.asyncProperty(orders, async (at) => {
        // Each of the others goes to a place of its own among the calls.
        const steps: Step[] = [...inOrder];
        for (const [i, other] of others.entries()) steps.splice(at[i]! % (steps.length + 1), 0, other);
        expect(await outcome(steps, inBytes, wanted)).toEqual(wanted);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 240_000);

  it('are the same but for the numbers of objects, whatever the order of calls too', async () => {
    const wanted = await outcome(usual, inWords);
    const all = [...calls, ...others];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }), async (steps) => {
        expect(await outcome(steps, inWords, wanted)).toEqual(wanted);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 240_000);
});
