"use strict";
const PAPERS = {
  authorisation: "委托书 Authorisation",
  bank_card: "银行卡 Bank card",
  lease: "租房合同 Lease",
  photo: "证件照 Photograph",
  referral: "转诊单 Referral",
  statement: "单位证明 Statement",
};

const $ = (id) => document.getElementById(id);
const canvas = $("screen");
let socket = null;
let last = {};

async function order(what) {
  const answer = await fetch("/rig", { method: "POST", body: JSON.stringify(what), headers: { "Content-Type": "application/json" } });
  $("error").textContent = answer.ok ? "" : await answer.text();
  if (answer.ok) draw(await answer.json());
}

function buttons(box, entries, chosen, act) {
  box.replaceChildren(...entries.map(([key, label]) => {
    const button = document.createElement("button");
    button.textContent = label;
    button.dataset.key = key;
    button.setAttribute("aria-pressed", String(key === chosen));
    button.onclick = () => act(key);
    return button;
  }));
}

function draw(state) {
  if (JSON.stringify(state) === JSON.stringify(last)) return;
  last = state;
  const people = Object.entries(state.people);
  buttons($("people"), [...people, ["not_a_card", "公交卡 not an ID card"]], state.card, (card) => order({ do: "lay", card }));
  buttons($("papers"), state.papers.map((name) => [name, PAPERS[name] || name]), state.paper, (name) => order({ do: "paper", name }));
  $("roll").textContent = `纸 ${state.roll} 行`;
  $("cover").textContent = state.cover_open ? "合上盖 Close cover" : "打开盖 Open cover";
  for (const button of document.querySelectorAll(".plug")) {
    const plugged = state.plugged[button.dataset.device];
    button.textContent = plugged ? "拔掉 Unplug" : "插上 Plug in";
    button.className = plugged ? "plug" : "plug off";
    button.onclick = () => order({ do: plugged ? "unplug" : "plug", device: button.dataset.device });
  }
  $("show").disabled = state.tickets.length === 0;
  const ticket = state.at_slot ? state.tickets.at(-1) : undefined;
  $("ticket").hidden = $("tear").hidden = ticket === undefined;
  $("noticket").hidden = ticket !== undefined;
  if (ticket !== undefined) $("ticket").src = `/ticket/${ticket}`;
}

$("swipe").onclick = () => order({ do: "swipe" });
$("show").onclick = () => order({ do: "show", ticket: last.tickets.at(-1) });
$("lift").onclick = () => order({ do: "lift" });
$("clear").onclick = () => order({ do: "clear" });
$("empty").onclick = () => order({ do: "empty" });
$("refill").onclick = () => order({ do: "refill" });
$("tear").onclick = () => order({ do: "tear" });
$("cover").onclick = () => order({ do: "cover", open: !last.cover_open });
$("upload").onchange = () => {
  const file = $("upload").files[0];
  if (!file) return;
  const reader = new FileReader();
  reader.onload = () => order({ do: "photograph", data: reader.result.split(",")[1] });
  reader.readAsDataURL(file);
};

async function platform() {
  const answer = await fetch("/platform");
  if (!answer.ok) return;
  const { cases, console: address, password } = await answer.json();
  $("cases").replaceChildren(...cases.map((row) => {
    const line = document.createElement("tr");
    for (const value of [row.receipt, row.title, row.pages, row.state]) {
      const cell = document.createElement("td");
      cell.textContent = value;
      line.append(cell);
    }
    return line;
  }));
  const link = document.createElement("a");
  link.href = address;
  link.target = "_blank";
  link.textContent = "平台控制台 Console";
  $("console").replaceChildren(link, `　demo / ${password}`);
}

function point(event) {
  const box = canvas.getBoundingClientRect();
  const edge = (canvas.offsetWidth - canvas.clientWidth) / 2;
  return {
    x: ((event.clientX - box.left - edge) / canvas.clientWidth) * canvas.width,
    y: ((event.clientY - box.top - edge) / canvas.clientHeight) * canvas.height,
  };
}

function send(what) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what));
}

let down = false;
canvas.onpointerdown = (event) => { down = true; canvas.setPointerCapture(event.pointerId); send({ do: "press", ...point(event) }); };
canvas.onpointermove = (event) => { if (down) send({ do: "move", ...point(event) }); };
canvas.onpointerup = (event) => { if (down) send({ do: "release", ...point(event) }); down = false; };
canvas.onkeydown = (event) => {
  if (event.key === "Backspace" || event.key === "Enter" || event.key === "Tab") send({ do: "key", key: event.key.toLowerCase() });
  else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) send({ do: "type", text: event.key });
  else return;
  event.preventDefault();
};

function connect() {
  socket = new WebSocket(`ws://${location.host}/screen`);
  socket.binaryType = "blob";
  socket.onmessage = async (event) => {
    const image = await createImageBitmap(event.data);
    if (canvas.width !== image.width || canvas.height !== image.height) {
      canvas.width = image.width;
      canvas.height = image.height;
    }
    canvas.getContext("2d").drawImage(image, 0, 0);
    canvas.dataset.frames = String(Number(canvas.dataset.frames || 0) + 1);
  };
  socket.onclose = () => setTimeout(connect, 500);
}

connect();
order({ do: "state" });
platform();
setInterval(() => order({ do: "state" }), 800);
setInterval(platform, 2000);
