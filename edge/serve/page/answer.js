// A verdict (edge/assets/verdict.schema.json) in words.

const STREAMS = { vision: "Face", audio: "Voice", text: "Words" };
const UNSURE = "unsure";

export function answerOf(verdict) {
  if (verdict.number) {
    if (verdict.value === null) return UNSURE;
    return `${verdict.number.name}: ${Number(verdict.value.toPrecision(4))} ${verdict.number.unit ?? ""}`;
  }
  if (Array.isArray(verdict.labels)) return verdict.labels.join(", ") || "none of the labels";
  return verdict.label ?? UNSURE;
}

export function confidenceOf(verdict) {
  const unsure = answerOf(verdict) === UNSURE;
  if (verdict.confidence === null) return "no stream can be used";
  const percent = `${Math.round(verdict.confidence * 100)} %`;
  return unsure ? `confidence ${percent}: too low for an answer` : `confidence ${percent}`;
}

// Whose verdict it is, where each person has their own.
export function nameOf(verdict) {
  return verdict.person === undefined ? "" : `Person ${verdict.person}`;
}

export function rowsOf(verdict) {
  return Object.entries(STREAMS).map(([name, shown]) => {
    const { state, reason } = verdict.streams[name];
    const why = state === "absent" && reason === null ? "not asked for" : (reason ?? "");
    return [shown, state, why.replaceAll("_", " ")];
  });
}

export function droppedOf({ vision, audio, verdicts }) {
  const told = [];
  if (vision) told.push(`${vision} pictures`);
  if (audio) told.push(`${audio} pieces of sound`);
  if (verdicts) told.push(`${verdicts} answers`);
  return told.length ? `The server or the network is slow: ${told.join(", ")} skipped so far.` : "";
}
