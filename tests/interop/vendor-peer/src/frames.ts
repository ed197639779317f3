/** Frames in a stream: "a big-endian u32 length and that many bytes" (encoding.md). */
import { appendFileSync } from "node:fs";
import type { Stream } from "@libp2p/interface";
import { byteStream, type ByteStream } from "@libp2p/utils";
import { Failure, LIMITS } from "./protocol.ts";

/** What may lie unread: a full window of the largest frames that a correct peer sends, twice over. More ends the stream. */
const UNREAD = 2 * LIMITS.window * LIMITS.body;

/** For tests that hold what was really said against the CDDL: values and all, so for invented persons only. */
const TRACE = process.env["VENDOR_PEER_TRACE"];

export class FrameStream {
  readonly #bytes: ByteStream<Stream>;
  readonly #protocol: string;

  constructor(stream: Stream) {
    this.#protocol = stream.protocol;
    this.#bytes = byteStream(stream, { maxBufferSize: UNREAD });
  }

  async read(signal?: AbortSignal): Promise<Uint8Array> {
    const prefix = await this.#take(4, signal);
    const length = new DataView(prefix.buffer, prefix.byteOffset, 4).getUint32(0);
    // Refused "before anything is allocated for it".
    if (length === 0) throw new Failure("malformed");
    if (length > LIMITS.frame) throw new Failure("too-large");
    return this.#trace("received", await this.#take(length, signal));
  }

  #trace(way: "sent" | "received", frame: Uint8Array): Uint8Array {
    const line = { protocol: this.#protocol, way, frame: Buffer.from(frame).toString("hex") };
    if (TRACE !== undefined) appendFileSync(TRACE, `${JSON.stringify(line)}\n`);
    return frame;
  }

  async #take(count: number, signal?: AbortSignal): Promise<Uint8Array> {
    try {
      return (await this.#bytes.read(signal === undefined ? { bytes: count } : { bytes: count, signal })).subarray();
    } catch (error) {
      throw signal?.aborted === true ? new Failure("timeout") : error;
    }
  }

  /** Waits until the peer has room, but no longer than it may take to acknowledge. */
  async write(frame: Uint8Array, ms: number = LIMITS.ackMs): Promise<void> {
    const signal = AbortSignal.timeout(ms);
    this.#trace("sent", frame);
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setUint32(0, frame.length);
    try {
      await this.#bytes.write(Buffer.concat([prefix, frame]), { signal });
    } catch (error) {
      throw signal.aborted ? new Failure("timeout") : error;
    }
  }
}
