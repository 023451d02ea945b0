import type { ErrorBody } from './message-bodies.ts';

/** A switch refused a message: type and code of the error by name, as in OpenFlow 1.3.5, 7.4.4. */
export class SwitchError extends Error {
  override readonly name = 'SwitchError';
  /** Such as `bad_action / bad_out_port`. */
  readonly reason: string;
  /** The errors of a bundle, with the index of the refused message. */
  readonly refused: readonly RefusedMessage[];

  constructor(what: string, reason: string, refused: readonly RefusedMessage[] = []) {
    super(`${what} refused: ${reason}`);
    this.reason = reason;
    this.refused = refused;
  }
}

/** A connection failed or ended; `message` names the peer and the reason. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError';
}

/** The peer does not speak OpenFlow 1.3. */
export class VersionError extends ConnectionError {}

/** One message of a bundle that the switch refused. */
export interface RefusedMessage {
  readonly index: number;
  readonly reason: string;
}

interface ErrorType {
  readonly name: string;
  readonly codes: readonly string[];
}

const errorTypes: Readonly<Record<number, ErrorType>> = {
  0: type('hello_failed', 'incompatible eperm'),
  1: type(
    'bad_request',
    'bad_version bad_type bad_multipart bad_experimenter bad_exp_type eperm bad_len buffer_empty buffer_unknown ' +
      'bad_table_id is_slave bad_port bad_packet multipart_buffer_overflow',
  ),
  2: type(
    'bad_action',
    'bad_type bad_len bad_experimenter bad_exp_type bad_out_port bad_argument eperm too_many bad_queue bad_out_group ' +
      'match_inconsistent unsupported_order bad_tag bad_set_type bad_set_len bad_set_argument',
  ),
  3: type(
    'bad_instruction',
    'unknown_inst unsup_inst bad_table_id unsup_metadata unsup_metadata_mask bad_experimenter bad_exp_type bad_len eperm',
  ),
  4: type(
    'bad_match',
    'bad_type bad_len bad_tag bad_dl_addr_mask bad_nw_addr_mask bad_wildcards bad_field bad_value bad_mask bad_prereq ' +
      'dup_field eperm',
  ),
  5: type('flow_mod_failed', 'unknown table_full bad_table_id overlap eperm bad_timeout bad_command bad_flags'),
  6: type(
    'group_mod_failed',
    'group_exists invalid_group weight_unsupported out_of_groups out_of_buckets chaining_unsupported ' +
      'watch_unsupported loop unknown_group chained_group bad_type bad_command bad_bucket bad_watch eperm',
  ),
  7: type('port_mod_failed', 'bad_port bad_hw_addr bad_config bad_advertise eperm'),
  8: type('table_mod_failed', 'bad_table bad_config eperm'),
  9: type('queue_op_failed', 'bad_port bad_queue eperm'),
  10: type('switch_config_failed', 'bad_flags bad_len eperm'),
  11: type('role_request_failed', 'stale unsup bad_role'),
  12: type(
    'meter_mod_failed',
    'unknown meter_exists invalid_meter unknown_meter bad_command bad_flags bad_rate bad_burst bad_band ' +
      'bad_band_value out_of_meters out_of_bands',
  ),
  13: type('table_features_failed', 'bad_table bad_metadata bad_type bad_len bad_argument eperm'),
};

const onfExperimenter = 0x4f4e4600;
const niciraExperimenter = 0x2320;
// The errors of bundles in OpenFlow 1.3: ONF EXT-230.
const bundleErrors =
  'unknown eperm bad_id bundle_exist bundle_closed out_of_bundles bad_type bad_flags msg_bad_len msg_bad_xid ' +
  'msg_unsup msg_conflict msg_too_many msg_failed timeout bundle_in_progress';
const firstBundleError = 2300;

/** Errors of Open vSwitch that a flow can meet: its `ofp-errors.h`, `NX1.2+`. */
const niciraErrors: Readonly<Record<number, string>> = {
  2: 'bad_request / nxm_invalid',
  3: 'bad_request / nxm_bad_type',
  4: 'bad_request / must_be_zero',
  11: 'bad_action / must_be_zero',
  15: 'bad_action / bad_conjunction',
  // The kernel tracks no connections, or has no zones for them.
  42: 'bad_action / ct_datapath_support',
  43: 'bad_match / ct_datapath_support',
};

/** Type and code of an error by name, `bad_action / bad_out_port`; numbers where they have none. */
export function errorReason({ error_type, code, experimenter }: ErrorBody): string {
  if (error_type !== 0xffff) {
    const known = errorTypes[error_type];
    return `${known?.name ?? `type ${error_type}`} / ${known?.codes[code] ?? `code ${code}`}`;
  }
  if (experimenter === onfExperimenter) {
    return `bundle_failed / ${bundleErrors.split(' ')[code - firstBundleError] ?? `code ${code}`}`;
  }
  if (experimenter === niciraExperimenter) return niciraErrors[code] ?? `nicira / code ${code}`;
  return `experimenter ${experimenter} / code ${code}`;
}

function type(name: string, codes: string): ErrorType {
  return { name, codes: codes.split(' ') };
}
