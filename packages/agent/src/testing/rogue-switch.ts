import { connect, type Socket } from 'node:net';
import { decodeMessage, encodeMessage, type Message } from '@openvnet/openflow';

/** A program that says it is the switch with datapath id `dpid`, and answers what a switch is asked first. */
export class RogueSwitch implements Disposable {
  /** What it was told, by type. */
  readonly told: string[] = [];
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);

  constructor(address: { readonly host: string; readonly port: number }, dpid: string) {
    this.#socket = connect(address);
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk) => this.#read(Buffer.concat([this.#rest, chunk]), BigInt(`0x${dpid}`)));
    this.#say({ type: 'hello', versions: [4] }, 1);
  }

  /** Where it connects from, as agents name it. */
  get peer(): string {
    return `tcp:${this.#socket.localAddress}:${this.#socket.localPort}`;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer, datapath_id: bigint): void {
    let at = 0;
    while (bytes.length - at >= 8 && bytes.length - at >= bytes.readUInt16BE(at + 2)) {
      const size = bytes.readUInt16BE(at + 2);
      const { message, xid } = decodeMessage(bytes.subarray(at, at + size));
      this.told.push(message.type);
      const features = { n_buffers: 0, n_tables: 254, auxiliary_id: 0, capabilities: 0 };
      if (message.type === 'features_request') this.#say({ type: 'features_reply', datapath_id, ...features }, xid);
      if (message.type === 'echo_request') this.#say({ type: 'echo_reply', data: message.data }, xid);
      at += size;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #say(message: Message, xid: number): void {
    this.#socket.write(encodeMessage(message, xid));
  }
}
