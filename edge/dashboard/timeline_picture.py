"""The button that downloads the timeline as a picture, made by the browser."""

from __future__ import annotations

from nicegui import ui

NAME = "timeline.png"
SCALE = 2
"""Pixels of the picture per pixel of the page: sharp in print."""
DRAW = """async () => {
  const svg = document.querySelector('#c%(chart)d svg');
  if (!svg) return;
  const scale = %(scale)d, pad = 12, line = 22;
  const {width, height} = svg.getBoundingClientRect();
  const style = getComputedStyle(document.body);
  const colour = name => style.getPropertyValue(name).trim();
  // The picture stands alone: colours and font of the page are written into it.
  const copy = svg.cloneNode(true);
  copy.style.fontFamily = style.fontFamily + ', sans-serif';
  const text = new XMLSerializer().serializeToString(copy)
    .replace(/var\\((--[\\w-]+)\\)/g, (all, name) => colour(name));
  const image = new Image(width * scale, height * scale);
  image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(text);
  await image.decode();
  const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
  const font = '13px ' + style.fontFamily + ', sans-serif';
  pen.font = font;
  const items = [...document.querySelectorAll('.legend li')].map(e => [e.textContent,
    getComputedStyle(e.querySelector('.swatch')).backgroundColor]);
  // Rows of the legend, as wide as the chart.
  let x = pad, row = 1;
  const places = items.map(([name]) => {
    const wide = 32 + pen.measureText(name).width;
    if (x > pad && x + wide > width + pad) { x = pad; row += 1; }
    x += wide;
    return [x - wide, row];
  });
  const top = pad + line * (row + 1);
  canvas.width = (width + 2 * pad) * scale;
  canvas.height = (top + height + pad) * scale;
  pen.scale(scale, scale);
  pen.fillStyle = colour('--card');
  pen.fillRect(0, 0, width + 2 * pad, top + height + pad);
  pen.fillStyle = colour('--ink');
  pen.textBaseline = 'middle';
  pen.font = font;
  pen.fillText('cdat-edge: ' + document.querySelector('header.top p').textContent,
    pad, pad + line / 2, width);
  items.forEach(([name, fill], i) => {
    const [left, down] = places[i], middle = pad + line * (down + .5);
    pen.fillStyle = fill;
    pen.fillRect(left, middle - 6, 12, 12);
    pen.fillStyle = colour('--ink');
    pen.fillText(name, left + 18, middle);
  });
  pen.drawImage(image, pad, top, width, height);
  const made = await new Promise(done => canvas.toBlob(done, 'image/png'));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(made);
  link.download = '%(name)s';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}"""
"""The chart with its title and the colours of the labels, in the page's colours."""


def picture_button(chart: ui.echart) -> None:
    """Build it into the open element. What is drawn is what the page shows, at its width."""
    made = ui.html("Picture (PNG)", tag="button", sanitize=False).props("type=button")
    draw = DRAW % {"chart": chart.id, "scale": SCALE, "name": NAME}
    made.on("click", js_handler=draw)
