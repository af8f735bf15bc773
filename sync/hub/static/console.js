// What pages do beside links and forms: draw the chart, say that somebody calls. Without it every page still works.
"use strict";

const byId = (id) => document.getElementById(id);

// the chart of cases per hour; its numbers are those of the table beside it

let chart = null;

function drawChart() {
  const box = byId("chart");
  const rows = byId("chart-rows");
  if (!box || !rows || !window.uPlot) return;
  const hours = [...rows.querySelectorAll("th")];
  const labels = hours.map((th) => th.textContent);
  const x = labels.map((_, i) => i);
  const y = [...rows.querySelectorAll("td")].map((td) => Number(td.textContent));
  const grid = { stroke: "#D5DDE8", width: 1 };
  const axis = { stroke: "#4A5768", font: '13px "Noto Sans SC", "Noto Sans CJK SC", sans-serif', grid, ticks: grid };
  const options = {
    width: Math.max(240, box.clientWidth - 26),
    height: 220,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [-0.7, x.length - 0.3] }, y: { range: (_u, _min, max) => [0, Math.max(4, max * 1.1)] } },
    axes: [
      // A label for every sixth hour, where the screen is wide enough for that.
      { ...axis, splits: () => x.filter((i) => i % (box.clientWidth < 600 ? 16 : 8) === 0), values: (_u, at) => at.map((i) => labels[i]) },
      { ...axis, size: 48, values: (_u, at) => at.map((n) => (Number.isInteger(n) ? String(n) : "")) },
    ],
    series: [{}, { label: box.dataset.count, stroke: "#0B4F9E", fill: "#0B4F9E", width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 40] }) }],
  };
  if (chart) chart.destroy();
  chart = new uPlot(options, [x, y], box);
}

// calls for help: heard, read out, and seen in the title of the tab

let calls = null;
const title = document.title;

function soundOn() {
  return localStorage.getItem("bianmin-sound") === "on";
}

function ring() {
  const context = new AudioContext();
  [660, 880].forEach((pitch, i) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = context.currentTime + i * 0.25;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.15, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.24);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.25);
  });
}

function heardCalls() {
  const badge = document.querySelector("#calls-count .badge");
  const count = badge ? Number(badge.dataset.count) : 0;
  document.title = count ? `(${count}) ${title}` : title;
  if (calls !== null && count > calls) {
    const words = document.body.dataset;
    // Only what is new is read out.
    byId("heard").textContent = count === 1 ? words.callOne : words.callMany.replace("#", count);
    if (soundOn()) ring();
  }
  calls = count;
}

function setUpSound() {
  const button = byId("sound");
  if (!button) return;
  const show = () => button.setAttribute("aria-pressed", String(soundOn()));
  button.addEventListener("click", () => {
    localStorage.setItem("bianmin-sound", soundOn() ? "off" : "on");
    show();
    if (soundOn()) ring(); // as a trial; and browsers allow sound only after a touch
  });
  show();
}

// parts of a page that are fetched anew keep what a person has opened in them

let opened = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  opened = [...event.detail.target.querySelectorAll("details[open][id]")].map((d) => d.id);
});
document.addEventListener("htmx:afterSwap", (event) => {
  opened.forEach((id) => byId(id)?.setAttribute("open", ""));
  if (event.detail.target.id === "calls-count") heardCalls();
  if (event.detail.target.id === "live") drawChart();
});

let resizing = 0;
window.addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(drawChart, 150);
});
drawChart();
setUpSound();
