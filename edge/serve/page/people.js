// A block for each person of the picture: answer, confidence, streams, words.

import { answerOf, confidenceOf, nameOf, rowsOf } from "./answer.js";

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text; // a reader says what changes
}

export class People {
  constructor(place, template) {
    this.place = place;
    this.template = template;
    this.blocks = new Map(); // by person, in the order of the page
    this.clear();
  }

  clear() {
    this.place.replaceChildren();
    this.blocks.clear();
    this.seq = null;
  }

  // `words`: whether they are recognised. A step's verdicts come one by one, ordered by person.
  show(verdict, words) {
    if (verdict.seq !== this.seq) this.forget((block) => block.seq !== this.seq);
    this.seq = verdict.seq;
    const nobody = verdict.person === undefined;
    this.forget((block) => block.nobody !== nobody);
    const block = this.blocks.get(verdict.person) ?? this.add(verdict.person);
    block.seq = verdict.seq;
    const find = (name) => block.shown.querySelector(`.${name}`);
    const name = nameOf(verdict);
    setText(find("label"), (name && `${name}: `) + answerOf(verdict));
    setText(find("confidence"), confidenceOf(verdict));
    setText(find("made-of"), name ? `What the answer for ${name} is made of` : "What the answer is made of");
    find("streams").replaceChildren(...rowsOf(verdict).map(row));
    find("words").hidden = !words;
    setText(find("words"), verdict.transcript || "No words yet.");
  }

  add(person) {
    const shown = this.template.content.firstElementChild.cloneNode(true);
    const block = { shown, nobody: person === undefined };
    if (!block.nobody) shown.setAttribute("aria-label", nameOf({ person }));
    const behind = [...this.blocks].find(([other]) => other > person);
    this.place.insertBefore(shown, behind ? behind[1].shown : null);
    this.blocks.set(person, block);
    return block;
  }

  forget(isGone) {
    for (const [person, block] of this.blocks) {
      if (!isGone(block)) continue;
      block.shown.remove();
      this.blocks.delete(person);
    }
  }
}

function row(cells) {
  const made = document.createElement("tr");
  cells.forEach((text, place) => {
    const cell = document.createElement(place ? "td" : "th");
    if (!place) cell.scope = "row";
    cell.textContent = text;
    made.append(cell);
  });
  return made;
}
