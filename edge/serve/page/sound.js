// On the audio thread: joins the microphone's blocks of 128 samples to pieces of 50 ms.

const PIECE_S = 0.05;

class Pieces extends AudioWorkletProcessor {
  constructor() {
    super();
    this.samples = new Int16Array(Math.round(sampleRate * PIECE_S));
    this.count = 0;
  }

  process([channels]) {
    if (channels.length === 0) return true;
    for (let place = 0; place < channels[0].length; place++) {
      let sum = 0;
      for (const channel of channels) sum += channel[place];
      const value = Math.round((sum / channels.length) * 32768);
      this.samples[this.count++] = Math.max(-32768, Math.min(32767, value));
      if (this.count === this.samples.length) {
        // Where the piece ends on the sound card's clock, in seconds.
        const endS = (currentFrame + place + 1) / sampleRate;
        this.port.postMessage({ samples: this.samples, endS });
        this.count = 0; // a message is a copy
      }
    }
    return true;
  }
}

registerProcessor("pieces", Pieces);
