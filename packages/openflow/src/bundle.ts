/** Bundles: many messages as one. ONF EXT-230, the extension that gives OpenFlow 1.3 the bundles of 1.4. */
import { errorReason, type RefusedMessage, SwitchError } from './errors.ts';
import { headerSize, type Message, type MessageOf, openflow13, typeOfBeginning } from './messages.ts';
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
  messages: readonly Buffer[],
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
function* wrapped(
  messages: readonly Buffer[],
  { first, bundle, flags }: { first: number; bundle: number; flags: number },
): Generator<Buffer> {
  let xid = first;
  for (const message of messages) {
    const bytes = Buffer.allocUnsafe(wrapperSize + message.length);
    bytes.writeUInt32BE(openflow13 * 0x100_0000 + 0x4_0000 + bytes.length, 0);
    bytes.writeUInt32BE(xid, 4);
    bytes.writeUInt32BE(onf, 8);
    bytes.writeUInt32BE(bundleAdd, 12);
    bytes.writeUInt32BE(bundle, 16);
    bytes.writeUInt32BE(flags, 20);
    message.copy(bytes, wrapperSize);
    bytes.writeUInt32BE(xid, wrapperSize + 4);
    xid++;
    yield bytes;
  }
}

function refusal(messages: readonly Buffer[], refused: readonly RefusedMessage[]): SwitchError {
  const named = refused
    .slice(0, mostNamed)
    .map(({ index, reason }) => `${typeOfBeginning(messages[index]!)} ${index}: ${reason}`);
  const more = refused.length > mostNamed ? `; and ${refused.length - mostNamed} more` : '';
  return new SwitchError(`bundle of ${messages.length}`, `${named.join('; ')}${more}`, refused);
}
