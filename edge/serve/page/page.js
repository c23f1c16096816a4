// The page: consent, then one session over a WebSocket, then a sentence that says why it ended.

import { answerOf, confidenceOf, droppedOf, nameOf, rowsOf } from "./answer.js";
import { Camera, Microphone } from "./capture.js";

const BEHIND_BYTES = 200_000; // what waits to be sent: about five pictures
const FAREWELL_MS = 3000;
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
    this.socket = new WebSocket(new URL("session", location.href.replace(/^http/, "ws")));
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.hello();
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = ({ code, reason }) => this.ended(reason || (code === 1009 ? "A message was too large." : LOST));
    for (const track of this.media.getTracks()) {
      track.onended = () => this.ended("The camera or microphone was switched off: the session has ended.");
    }
  }

  hello() {
    const streams = [];
    if (this.camera) streams.push("vision");
    if (this.microphone) streams.push("audio");
    const rate = this.microphone ? { rate_hz: this.microphone.rateHz } : {};
    this.socket.send(JSON.stringify({ protocol: 1, streams, ...rate }));
  }

  take(told) {
    if (told.ready) {
      this.words = told.words;
      const send = (piece) => this.isOpen() && this.socket.send(piece);
      this.camera?.start(send, () => this.isOpen() && this.socket.bufferedAmount < BEHIND_BYTES);
      this.microphone?.start(send);
    } else if (told.verdict) {
      show(told, this.words);
    } else if (told.end) {
      this.ended(told.end);
    }
  }

  isOpen() {
    return this.socket.readyState === WebSocket.OPEN && !this.stopping;
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

function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text; // a reader says what changes
}

function show({ verdict, dropped, notes }, words) {
  if (verdict.seq !== show.seq) show.people = [];
  show.seq = verdict.seq;
  show.people.push(nameOf(verdict) + answerOf(verdict));
  setText("label", show.people.join("; "));
  setText("confidence", confidenceOf(verdict));
  const rows = rowsOf(verdict).map((cells) => {
    const row = document.createElement("tr");
    cells.forEach((cell, place) => {
      const made = document.createElement(place ? "td" : "th");
      if (!place) made.scope = "row";
      made.textContent = cell;
      row.append(made);
    });
    return row;
  });
  $("streams").replaceChildren(...rows);
  $("words").hidden = !words;
  setText("words", verdict.transcript || "No words yet.");
  setText("note", [droppedOf(dropped), ...notes].filter(Boolean).join(" "));
}

function consent(sentence) {
  $("live").hidden = true;
  $("consent").hidden = false;
  $("start").disabled = false;
  setText("why", sentence);
  $("start").focus();
}

async function start() {
  const camera = $("camera").checked, microphone = $("microphone").checked;
  if (!camera && !microphone) {
    setText("why", "Choose the camera, the microphone, or both.");
    return;
  }
  $("start").disabled = true;
  setText("why", "");
  const begun = (session = new Session());
  try {
    await begun.open(camera, microphone);
  } catch (error) {
    begun.ended(ERRORS[error.name] ?? error.message);
    return;
  }
  if (session !== begun) return; // refused meanwhile
  setText("label", "Starting");
  setText("confidence", "");
  $("streams").replaceChildren();
  setText("note", "");
  $("words").hidden = true;
  $("consent").hidden = true;
  $("live").hidden = false;
  $("live-title").focus();
}

$("server").textContent = location.host;
$("start").addEventListener("click", start);
$("stop").addEventListener("click", () => session?.stop());
document.addEventListener("keydown", (event) => event.key === "Escape" && session?.stop());
addEventListener("pagehide", () => session?.socket?.close());
