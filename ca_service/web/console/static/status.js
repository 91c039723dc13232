// The status page as of now: every few seconds its figures are asked for and put where the older ones stand. Without
// this script the page is complete, and as old as it is.
"use strict";

(() => {
  const live = document.getElementById("live");
  const SVG = "http://www.w3.org/2000/svg";
  const EVERY = 5000;

  const made = (name, attributes, text) => {
    const element = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const fill = (id, elements) => document.getElementById(id).replaceChildren(...elements);

  const draw = (chart) => {
    document.getElementById("line-p99").setAttribute("points", chart.p99);
    document.getElementById("line-half").setAttribute("points", chart.half);
    const promise = document.getElementById("promise");
    promise.setAttribute("y1", chart.promise);
    promise.setAttribute("y2", chart.promise);
    fill("dots", chart.dots.map(([cx, cy]) => made("circle", { class: "dot", cx, cy, r: 3 })));
    fill("rows", chart.rows.flatMap(([y, text]) => [
      made("line", { class: "grid", x1: 48, x2: 708, y1: y, y2: y }),
      made("text", { class: "tick", x: 42, y: y + 4, "text-anchor": "end" }, text),
    ]));
    fill("columns", chart.columns.map(([x, text]) =>
      made("text", { class: "tick", x, y: live.dataset.foot, "text-anchor": "middle" }, text)));
  };

  const tell = (alarms) => {
    const list = document.getElementById("alarms");
    const shown = [...list.children].map((item) => item.textContent);
    // Only what has changed: a screen reader would read it all again.
    if (JSON.stringify(shown) !== JSON.stringify(alarms)) {
      list.replaceChildren(...alarms.map((text) => {
        const item = document.createElement("li");
        item.textContent = text;
        return item;
      }));
    }
    document.getElementById("well").hidden = alarms.length > 0;
    list.hidden = alarms.length === 0;
  };

  const refresh = async () => {
    try {
      const answer = await fetch(live.dataset.figures, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const figures = await answer.json();
      document.querySelectorAll("[data-cell]").forEach((cell) => {
        const text = figures.cells[cell.dataset.cell];
        if (text !== undefined) cell.textContent = text;
      });
      tell(figures.alarms);
      draw(figures.chart);
      document.getElementById("stopped").hidden = true;
    } catch {
      // Signed out, or the console is away: what stands here is old, and says so.
      document.getElementById("stopped").hidden = false;
    }
    setTimeout(refresh, EVERY);
  };
  setTimeout(refresh, EVERY);
})();
