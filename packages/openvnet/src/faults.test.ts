import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultHost } from './testing/faults/host.ts';
import { faultGroups } from './testing/faults/index.ts';

let host: FaultHost;
beforeEach(async () => {
  host = await FaultHost.start();
}, 20_000);
afterEach(() => host[Symbol.asyncDispose]());

/** What tells nobody anything. */
const never = ['[miss]', 'dropped: dropped', 'goto output', ': \n', 'undefined'];

describe.each(faultGroups)('$title', ({ faults }) => {
  it.each(faults)(
    '$what',
    async ({ make, ask, says, seconds, silent = [], cure, prints, by, cured = (on) => on.arrives() }) => {
      await make(host);
      const { text } = await host.answers(ask, says, seconds);
      for (const misleading of [...silent, ...never]) expect(text).not.toMatch(misleading);
      if (prints) expect(text).toMatch(prints);
      else expect(text).toContain(cure);
      if (by) await by(host);
      else expect(await host.type(cure)).toMatchObject({ code: 0 });
      await cured(host);
    },
    30_000,
  );
});
