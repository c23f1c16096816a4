// The page: consent, then one session over a WebSocket, then a sentence that says why it ended.

import { droppedOf } from "./answer.js";
import { Camera, Microphone } from "./capture.js";
import { People, setText } from "./people.js";

const BEHIND_BYTES = 200_000; // what waits to be sent: about five pictures
const FAREWELL_MS = 3000;
const AGAIN = 1012; // its process was lost, and another one goes on
const TRY_LATER = 1013;
const PAUSES_MS = [250, 500, 1000, 2000]; // before each attempt to connect again; then the last one
const GIVE_UP_MS = 30_000;
const CONNECTING = "Connection lost, connecting again.";
const $ = (id) => document.getElementById(id);
const LOST = "The connection to the server was lost: look whether it still runs, and start again.";
const ERRORS = {
  NotAllowedError: "The browser did not give the camera or microphone: allow it for this page, and start again.",
  NotFoundError: "There is no such camera or microphone: connect it, or choose only the other.",
  NotReadableError: "The camera or microphone is used by another program: close that, and start again.",
};

class Session {
  async open(camera, microphone) {
    if (!navigator.mediaDevices) {
      throw new Error("Browsers give camera and microphone only to pages over HTTPS: open this page with https://.");
    }
    this.media = await navigator.mediaDevices.getUserMedia({
      video: camera && { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" },
      audio: microphone && { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    $("preview").srcObject = camera ? this.media : null;
    $("preview").hidden = !camera;
    this.camera = camera ? new Camera($("preview")) : null;
    if (microphone) {
      this.microphone = new Microphone();
      await this.microphone.open(this.media);
    }
    this.connect();
    for (const track of this.media.getTracks()) {
      track.onended = () => this.ended("The camera or microphone was switched off: the session has ended.");
    }
  }

  connect() {
    const socket = new WebSocket(new URL("session", location.href.replace(/^http/, "ws")));
    this.socket = socket;
    this.told = null; // the server's last sentence on this connection, and its code
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.hello();
    socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    socket.onclose = ({ code, reason }) => {
      const told = this.told ?? { code, end: reason };
      const sentence = told.end || (code === 1009 ? "A message was too large." : LOST);
      const lost = !told.end || told.code === AGAIN || (this.lostMs !== undefined && told.code === TRY_LATER);
      if (!this.begun || this.stopping || code === 1009 || !lost) this.ended(sentence);
      else this.again(sentence);
    };
  }

  // Connect again, with longer and longer pauses; camera and microphone stay open meanwhile.
  again(sentence) {
    if (session !== this) return;
    this.ready = false;
    this.lostMs ??= performance.now();
    this.attempts ??= 0;
    if (performance.now() - this.lostMs > GIVE_UP_MS) {
      this.ended(sentence);
      return;
    }
    setText($("note"), CONNECTING);
    const pause = PAUSES_MS[Math.min(this.attempts++, PAUSES_MS.length - 1)];
    this.timer = setTimeout(() => this.connect(), pause);
  }

  hello() {
    const streams = [];
    if (this.camera) streams.push("vision");
    if (this.microphone) streams.push("audio");
    const rate = this.microphone ? { rate_hz: this.microphone.rateHz } : {};
    const again = this.begun ? { again: true } : {};
    this.socket.send(JSON.stringify({ protocol: 1, streams, ...rate, ...again }));
  }

  take(told) {
    if (told.ready) {
      this.words = told.words;
      this.ready = true;
      this.lostMs = this.attempts = undefined;
      if ($("note").textContent === CONNECTING) setText($("note"), "");
      if (!this.begun) this.begin();
    } else if (told.verdict) {
      show(told, this.words);
    } else if (told.end) {
      this.told = told; // acted on when the socket closes
    }
  }

  begin() {
    this.begun = true;
    const send = (piece) => this.isOpen() && this.socket.send(piece);
    this.camera?.start(send, () => this.isOpen() && this.socket.bufferedAmount < BEHIND_BYTES);
    this.microphone?.start(send);
  }

  isOpen() {
    return this.ready && this.socket.readyState === WebSocket.OPEN && !this.stopping;
  }

  stop() {
    if (!this.socket || this.socket.readyState !== WebSocket.OPEN) {
      this.ended("The session has ended.");
      return;
    }
    if (!this.stopping) this.socket.send('{"finish": true}');
    this.stopping = true;
    this.release();
    setTimeout(() => this.socket.close(), FAREWELL_MS);
  }

  release() {
    clearTimeout(this.timer);
    this.camera?.close();
    this.microphone?.close();
    for (const track of this.media?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    $("preview").srcObject = null;
  }

  ended(sentence) {
    if (session !== this) return;
    session = null;
    this.release();
    // The server closes after its sentence; a session that ends here is closed here.
    setTimeout(() => this.socket?.close(), this.stopping ? FAREWELL_MS : 0);
    consent(sentence);
  }
}

let session = null;

const people = new People($("people"), $("person"));

function show({ verdict, dropped, notes }, words) {
  people.show(verdict, words);
  setText($("note"), [droppedOf(dropped), ...notes].filter(Boolean).join(" "));
}

function consent(sentence) {
  $("live").hidden = true;
  $("consent").hidden = false;
  $("start").disabled = false;
  setText($("why"), sentence);
  $("start").focus();
}

async function start() {
  const camera = $("camera").checked, microphone = $("microphone").checked;
  if (!camera && !microphone) {
    setText($("why"), "Choose the camera, the microphone, or both.");
    return;
  }
  $("start").disabled = true;
  setText($("why"), "");
  const begun = (session = new Session());
  try {
    await begun.open(camera, microphone);
  } catch (error) {
    begun.ended(ERRORS[error.name] ?? error.message);
    return;
  }
  if (session !== begun) return; // refused meanwhile
  people.clear();
  setText($("note"), "Starting");
  $("consent").hidden = true;
  $("live").hidden = false;
  $("live-title").focus();
}

$("server").textContent = location.host;
$("start").addEventListener("click", start);
$("stop").addEventListener("click", () => session?.stop());
document.addEventListener("keydown", (event) => event.key === "Escape" && session?.stop());
addEventListener("pagehide", () => session?.socket?.close());
