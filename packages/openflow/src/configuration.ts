/** `OFPC_FRAG_NX_MATCH`, of Open vSwitch: the first fragment of a packet is matched with its ports, the later ones without. */
const fragmentsMatched = 3;
const wholePackets = 0xffff;

/** What a switch is told of fragments and of what it hands over. A connection that is not a controller's gets packets only after this. */
export const configuration = { flags: fragmentsMatched, miss_send_len: wholePackets } as const;
