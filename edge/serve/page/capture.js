// Camera and microphone as messages of docs/serve.md, on the clock of performance.now().

const PICTURE = 1, SOUND = 2, HEADER_BYTES = 16;
const SIDE_PX = 640; // a face in it is larger than what the networks see
const QUALITY = 0.9;
const EVERY_MS = 60; // the label changes four times a second: 16 pictures a second are enough
const KEPT_MS = 10_000;
const SLEW_MS = 1;
const HOLE_MS = 500;
const SETTLING = 10;

function message(kind, atMs, bytes) {
  const whole = new Uint8Array(HEADER_BYTES + bytes.byteLength);
  const header = new DataView(whole.buffer);
  header.setUint8(0, kind);
  header.setBigInt64(8, BigInt(Math.round(atMs * 1e6)), true);
  whole.set(new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength), HEADER_BYTES);
  return whole;
}

// When sound was in the air. A piece reaches this thread late, never early: the smallest delay of
// the last seconds is the one to trust. Its changes are spread, so that pieces do not overlap.
export class SoundClock {
  constructor() {
    this.delays = [];
    this.dueMs = null;
    this.seen = 0;
  }

  // The time of a piece's first sample; null while the clock settles.
  begin(endS, lengthMs, nowMs) {
    this.delays.push([nowMs, nowMs - endS * 1000]);
    while (this.delays[0][0] < nowMs - KEPT_MS) this.delays.shift();
    if (++this.seen <= SETTLING) return null;
    const least = Math.min(...this.delays.map(([, delay]) => delay));
    const wanted = endS * 1000 + least - lengthMs;
    if (this.dueMs === null || wanted - this.dueMs > HOLE_MS) this.dueMs = wanted;
    const begin = this.dueMs + Math.max(-SLEW_MS, Math.min(SLEW_MS, wanted - this.dueMs));
    this.dueMs = begin + lengthMs;
    return begin;
  }
}

export class Microphone {
  async open(stream) {
    try {
      this.context = new AudioContext({ sampleRate: 16000 });
      this.source = this.context.createMediaStreamSource(stream);
    } catch { // a browser that does not resample: the server does
      await this.context?.close();
      this.context = new AudioContext();
      this.source = this.context.createMediaStreamSource(stream);
    }
    await this.context.audioWorklet.addModule("sound.js");
    await this.context.resume();
    this.rateHz = this.context.sampleRate;
  }

  start(send) {
    const clock = new SoundClock();
    const pieces = new AudioWorkletNode(this.context, "pieces");
    pieces.port.onmessage = ({ data: { samples, endS } }) => {
      const lengthMs = (samples.length / this.rateHz) * 1000;
      const begin = clock.begin(endS, lengthMs, performance.now());
      if (begin !== null) send(message(SOUND, begin, samples));
    };
    this.source.connect(pieces).connect(this.context.destination); // its output is silence
  }

  close() {
    this.context?.close();
    this.context = null;
  }
}

export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.open = true;
    this.lastMs = -Infinity;
  }

  // `isFree`: whether the network keeps up; a picture that would wait is not taken.
  start(send, isFree) {
    const next = () => {
      if (!this.open) return;
      if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(taken);
      else setTimeout(() => taken(performance.now(), {}), EVERY_MS);
    };
    const taken = async (nowMs, { captureTime }) => {
      const known = captureTime <= nowMs && captureTime > nowMs - 1000;
      const atMs = known ? captureTime : nowMs;
      if (atMs - this.lastMs >= EVERY_MS && isFree()) {
        this.lastMs = atMs;
        const jpeg = await this.picture();
        if (jpeg && this.open) send(message(PICTURE, atMs, jpeg));
      }
      next();
    };
    next();
  }

  async picture() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width) return null;
    const scale = Math.min(1, SIDE_PX / Math.max(width, height));
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext("2d", { alpha: false });
    context.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
    return blob && blob.arrayBuffer();
  }

  close() {
    this.open = false;
  }
}
