/** Bundles: many messages as one. ONF EXT-230, the extension that gives OpenFlow 1.3 the bundles of 1.4. */
import { errorReason, type RefusedMessage, SwitchError } from './errors.ts';
import { headerSize, type Message, type MessageOf, openflow13, typeOfBeginning } from './messages.ts';
import { messageBytes, type Outgoing } from './outgoing.ts';
import type { Transport } from './transport.ts';

export interface BundleOptions {
  /** Whether the bundle is atomic; default true. */
  readonly atomic?: boolean;
  /** Whether messages are applied in the given order; default true. */
  readonly ordered?: boolean;
}

const wrapperSize = headerSize + 16;
const onf = 0x4f4e4600;
const bundleAdd = 2301;
const mostNamed = 5;
let lastBundle = 0;

/** Opens a bundle, adds `messages` and commits it. If it throws `SwitchError`, the switch has not changed. */
export async function sendBundle(
  transport: Transport,
  request: (message: Message) => Promise<Message>,
  messages: readonly Outgoing[],
  { atomic = true, ordered = true }: BundleOptions,
): Promise<void> {
  const flags = (atomic ? 1 : 0) | (ordered ? 2 : 0);
  lastBundle = (lastBundle + 1) >>> 0;
  const bundle = lastBundle;
  const control = (step: MessageOf<'bundle_control'>['control']): Promise<Message> =>
    request({ type: 'bundle_control', bundle, control: step, flags });

  // The next messages do not wait for the answer: if the bundle is not opened, the switch refuses them too.
  const opened = control('open_request');
  opened.catch(() => undefined);
  const first = transport.xids(messages.length);
  const refused: RefusedMessage[] = [];
  const unwatch = transport.watch({
    first,
    last: first + messages.length - 1,
    refused: (xid, error) => refused.push({ index: xid - first, reason: errorReason(error) }),
  });
  try {
    await transport.sendAll(wrapped(messages, { first, bundle, flags }));
    // Errors of the messages arrive before the answer to the request that was sent after them.
    const closed = control('close_request');
    closed.catch(() => undefined);
    await opened;
    await closed;
    if (refused.length === 0) {
      await control('commit_request').catch((error: unknown) => {
        if (refused.length === 0 || !(error instanceof SwitchError)) throw error;
      });
    } else {
      await control('discard_request');
    }
  } finally {
    unwatch();
  }
  if (refused.length > 0) throw refusal(messages, refused);
}

/** Wraps each message in a bundle add; both have the same xid. */
function* wrapped(messages: readonly Outgoing[], bundle: { first: number; bundle: number; flags: number }) {
  let xid = bundle.first;
  for (const message of messages) yield new BundleAdd(message, xid++, bundle);
}

class BundleAdd implements Outgoing {
  readonly #message: Outgoing;
  readonly #xid: number;
  readonly #bundle: { readonly bundle: number; readonly flags: number };

  constructor(message: Outgoing, xid: number, bundle: { readonly bundle: number; readonly flags: number }) {
    this.#message = message;
    this.#xid = xid;
    this.#bundle = bundle;
  }

  get length(): number {
    return wrapperSize + this.#message.length;
  }

  copy(to: Buffer, at: number): void {
    to.writeUInt32BE(openflow13 * 0x100_0000 + 0x4_0000 + this.length, at);
    to.writeUInt32BE(this.#xid, at + 4);
    to.writeUInt32BE(onf, at + 8);
    to.writeUInt32BE(bundleAdd, at + 12);
    to.writeUInt32BE(this.#bundle.bundle, at + 16);
    to.writeUInt32BE(this.#bundle.flags, at + 20);
    this.#message.copy(to, at + wrapperSize);
    to.writeUInt32BE(this.#xid, at + wrapperSize + 4);
  }
}

function refusal(messages: readonly Outgoing[], refused: readonly RefusedMessage[]): SwitchError {
  const named = refused
    .slice(0, mostNamed)
    .map(({ index, reason }) => `${typeOfBeginning(messageBytes(messages[index]!))} ${index}: ${reason}`);
  const more = refused.length > mostNamed ? `; and ${refused.length - mostNamed} more` : '';
  return new SwitchError(`bundle of ${messages.length}`, `${named.join('; ')}${more}`, refused);
}
