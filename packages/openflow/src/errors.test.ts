import { describe, expect, it } from 'vitest';
import { errorReason } from './errors.ts';

describe('the reason of an error', () => {
  it.each([
    [{ error_type: 2, code: 4 }, 'bad_action / bad_out_port'],
    [{ error_type: 2, code: 99 }, 'bad_action / code 99'],
    [{ error_type: 99, code: 1 }, 'type 99 / code 1'],
    [{ error_type: 0xffff, code: 2313, experimenter: 0x4f4e4600 }, 'bundle_failed / msg_failed'],
    [{ error_type: 0xffff, code: 42, experimenter: 0x2320 }, 'bad_action / ct_datapath_support'],
    [{ error_type: 0xffff, code: 77, experimenter: 0x2320 }, 'nicira / code 77'],
    [{ error_type: 0xffff, code: 1, experimenter: 7 }, 'experimenter 7 / code 1'],
  ])('%o is %s', (body, reason) => {
    expect(errorReason({ experimenter: 0, data: new Uint8Array(), ...body })).toBe(reason);
  });
});
