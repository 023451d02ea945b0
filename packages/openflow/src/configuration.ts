/** `OFPC_FRAG_NX_MATCH` of Open vSwitch: first fragments are matched with their ports, later fragments without. */
const fragmentsMatched = 3;
const wholePackets = 0xffff;

/** Sets the handling of fragments and the size of punted packets. A service connection receives packets only after this. */
export const configuration = { flags: fragmentsMatched, miss_send_len: wholePackets } as const;
