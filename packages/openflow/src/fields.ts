/**
 * The match fields: a new field is one line. They are in the order in which Open vSwitch dumps them, and a match is
 * written in this order, so that equal matches have equal bytes. OpenFlow 1.3.5, 7.2.3.7; Open vSwitch, ovs-fields(7).
 */

/** How one field is written: `header` is class, number and length as on the wire, `experimenter` follows it if not 0. */
export interface MatchField {
  readonly bits: number;
  readonly size: number;
  readonly maskable: boolean;
  readonly header: number;
  readonly maskedHeader: number;
  /** The header in actions. Open vSwitch prefers its own older number if there is one. */
  readonly actionHeader: number;
  readonly experimenter: number;
  /** Whether only actions may name the field; a match names the field of which it is a view. */
  readonly actionsOnly: boolean;
  /** The mask of every bit: a number up to 48 bits, a bigint above. */
  readonly full: number | bigint;
}

const maskable = true;
const exact = false;
const sizes = [1, 2, 4, 6, 8, 16];
const onfExperimenter = 0x4f4e4600;

export const fields = {
  packet_type: basic(44, 32),
  dp_hash: nicira(35, 32, maskable),
  recirc_id: nicira(36, 32),
  conj_id: nicira(37, 32),
  in_port: basic(0, 32),
  actset_output: onf(43, 32),
  eth_src: basic(4, 48, maskable, nxmOf(2)),
  eth_dst: basic(3, 48, maskable, nxmOf(1)),
  eth_type: basic(5, 16, exact, nxmOf(3)),
  vlan_vid: basic(6, 13, maskable),
  vlan_pcp: basic(7, 3),
  mpls_tc: basic(35, 3),
  mpls_bos: basic(36, 1),
  mpls_label: basic(34, 20),
  ipv4_src: basic(11, 32, maskable, nxmOf(7)),
  ipv4_dst: basic(12, 32, maskable, nxmOf(8)),
  ipv6_src: basic(26, 128, maskable, nxmNx(19)),
  ipv6_dst: basic(27, 128, maskable, nxmNx(20)),
  ip_frag: nicira(26, 2, maskable),
  ip_dscp: basic(8, 6),
  ip_ecn: basic(9, 2, exact, nxmNx(28)),
  nw_ttl: nicira(29, 8),
  ipv6_label: basic(28, 20, maskable, nxmNx(27)),
  ip_proto: basic(10, 8, exact, nxmOf(6)),
  tcp_src: basic(13, 16, maskable, nxmOf(9)),
  tcp_dst: basic(14, 16, maskable, nxmOf(10)),
  tcp_flags: onf(42, 12, maskable),
  udp_src: basic(15, 16, maskable, nxmOf(11)),
  udp_dst: basic(16, 16, maskable, nxmOf(12)),
  sctp_src: basic(17, 16, maskable),
  sctp_dst: basic(18, 16, maskable),
  icmpv4_type: basic(19, 8, exact, nxmOf(13)),
  icmpv4_code: basic(20, 8, exact, nxmOf(14)),
  icmpv6_type: basic(29, 8, exact, nxmNx(21)),
  icmpv6_code: basic(30, 8, exact, nxmNx(22)),
  nd_reserved: oxm(0x1000, 1, 32, maskable),
  ipv6_nd_target: basic(31, 128, maskable, nxmNx(23)),
  nd_options_type: oxm(0x1000, 2, 8, false),
  ipv6_nd_sll: basic(32, 48, maskable, nxmNx(24)),
  ipv6_nd_tll: basic(33, 48, maskable, nxmNx(25)),
  arp_op: basic(21, 16, exact, nxmOf(15)),
  arp_spa: basic(22, 32, maskable, nxmOf(16)),
  arp_tpa: basic(23, 32, maskable, nxmOf(17)),
  arp_sha: basic(24, 48, maskable, nxmNx(17)),
  arp_tha: basic(25, 48, maskable, nxmNx(18)),
  tunnel_id: basic(38, 64, maskable, nxmNx(16)),
  tun_flags: nicira(104, 16, maskable),
  tun_src: nicira(31, 32, maskable),
  tun_dst: nicira(32, 32, maskable),
  tun_ipv6_src: nicira(109, 128, maskable),
  tun_ipv6_dst: nicira(110, 128, maskable),
  tun_gbp_id: nicira(38, 16, maskable),
  tun_gbp_flags: nicira(39, 8, maskable),
  reg0: nicira(0, 32, maskable),
  reg1: nicira(1, 32, maskable),
  reg2: nicira(2, 32, maskable),
  reg3: nicira(3, 32, maskable),
  reg4: nicira(4, 32, maskable),
  reg5: nicira(5, 32, maskable),
  reg6: nicira(6, 32, maskable),
  reg7: nicira(7, 32, maskable),
  reg8: nicira(8, 32, maskable),
  reg9: nicira(9, 32, maskable),
  reg10: nicira(10, 32, maskable),
  reg11: nicira(11, 32, maskable),
  reg12: nicira(12, 32, maskable),
  reg13: nicira(13, 32, maskable),
  reg14: nicira(14, 32, maskable),
  reg15: nicira(15, 32, maskable),
  pkt_mark: nicira(33, 32, maskable),
  ct_state: nicira(105, 32, maskable),
  ct_zone: nicira(106, 16),
  ct_mark: nicira(107, 32, maskable),
  ct_label: nicira(108, 128, maskable),
  ct_nw_src: nicira(120, 32, maskable),
  ct_ipv6_src: nicira(122, 128, maskable),
  ct_nw_dst: nicira(121, 32, maskable),
  ct_ipv6_dst: nicira(123, 128, maskable),
  ct_nw_proto: nicira(119, 8),
  ct_tp_src: nicira(124, 16, maskable),
  ct_tp_dst: nicira(125, 16, maskable),
  metadata: basic(2, 64, maskable),

  // Views of other fields, for actions; the programs of Open vSwitch use them.
  xreg0: view(0x8001, 0, 64),
  xreg1: view(0x8001, 1, 64),
  xreg2: view(0x8001, 2, 64),
  xreg3: view(0x8001, 3, 64),
  xreg4: view(0x8001, 4, 64),
  xreg5: view(0x8001, 5, 64),
  xreg6: view(0x8001, 6, 64),
  xreg7: view(0x8001, 7, 64),
  xxreg0: view(0x0001, 111, 128),
  xxreg1: view(0x0001, 112, 128),
  xxreg2: view(0x0001, 113, 128),
  xxreg3: view(0x0001, 114, 128),
  nxm_in_port: view(0x0000, 0, 16),
  nxm_vlan_tci: view(0x0000, 4, 16),
} as const;

export type FieldName = keyof typeof fields;

/** A field with its name and its place in the order of writing. */
export interface OrderedField extends MatchField {
  readonly name: FieldName;
  readonly order: number;
}

/** Every field by name. */
export const fieldsByName: ReadonlyMap<string, OrderedField> = new Map(
  Object.entries(fields).map(([name, field], order) => [name, { ...field, name: name as FieldName, order }]),
);

const byKey = new Map(
  [...fieldsByName.values()].flatMap((field) => [
    [key(field.header, field.experimenter), field],
    [key(field.actionHeader, field.experimenter), field],
  ]),
);

/** The field that `header` names, masked or not; `experimenter` is 0 unless the class of the header says that it follows. */
export function fieldOf(header: number, experimenter: number): OrderedField | undefined {
  return byKey.get(key(header, experimenter));
}

/** Class, number and experimenter of a field, as a key of `byKey`: its length is not part of it. */
function key(header: number, experimenter: number): number {
  return experimenter === 0 ? header >>> 9 : 0x80_0000 + experimenter * 0x80 + ((header >>> 9) & 0x7f);
}

function oxm(oxmClass: number, number: number, bits: number, canMask: boolean, experimenter = 0): MatchField {
  const size = sizes.find((one) => one * 8 >= bits)!;
  const extra = experimenter === 0 ? 0 : 4;
  const start = oxmClass * 0x1_0000 + number * 0x200;
  return {
    bits,
    size,
    maskable: canMask,
    header: start + extra + size,
    maskedHeader: start + 0x100 + extra + 2 * size,
    actionHeader: start + extra + size,
    experimenter,
    actionsOnly: false,
    full: bits > 48 ? (1n << BigInt(bits)) - 1n : 2 ** bits - 1,
  };
}

/** A field of OpenFlow; `nxm` is its older number in Open vSwitch. */
function basic(number: number, bits: number, canMask = exact, nxm?: number): MatchField {
  const field = oxm(0x8000, number, bits, canMask);
  return nxm === undefined ? field : { ...field, actionHeader: nxm + field.size };
}

function nxmOf(number: number): number {
  return number * 0x200;
}

function nxmNx(number: number): number {
  return 0x1_0000 + number * 0x200;
}

/** A field of Open vSwitch. */
function nicira(number: number, bits: number, canMask = exact): MatchField {
  return oxm(0x0001, number, bits, canMask);
}

/** A field of an ONF extension to OpenFlow 1.3. */
function onf(number: number, bits: number, canMask = exact): MatchField {
  return oxm(0xffff, number, bits, canMask, onfExperimenter);
}

/** A field for actions only. */
function view(oxmClass: number, number: number, bits: number): MatchField {
  return { ...oxm(oxmClass, number, bits, exact), actionsOnly: true };
}
