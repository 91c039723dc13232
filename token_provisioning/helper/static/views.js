// Builds what is seen from the page's templates; foreign text only ever becomes text.

const template = (name) => document.getElementById(`t-${name}`).content;

/** A copy of a template with its `data-text` places filled; an element whose text is missing and that is hidden stays so. */
export function fill(name, texts = {}) {
  const made = template(name).cloneNode(true);
  for (const place of made.querySelectorAll("[data-text]")) {
    const text = texts[place.dataset.text] ?? "";
    place.textContent = text;
    if (text) place.hidden = false;
  }
  for (const place of made.querySelectorAll("[data-class]")) {
    const word = texts[place.dataset.class];
    if (word) place.classList.add(word);
  }
  return made;
}

export const list = (made, name) => made.querySelector(`[data-list="${name}"]`);

export function button(text, act, { big = false, disabled = false } = {}) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.className = big ? "big" : "quiet";
  made.disabled = disabled;
  made.addEventListener("click", act);
  return made;
}

export function stepper(labels, at) {
  return labels.map((label, index) => {
    const item = document.createElement("li");
    item.textContent = label;
    item.dataset.number = String(index + 1);
    if (index < at) item.className = "past";
    if (index === at) { item.className = "now"; item.setAttribute("aria-current", "step"); }
    return item;
  });
}

export function steps(job) {
  return job.steps.map((text, index) => {
    const item = document.createElement("li");
    item.textContent = text;
    item.className = index < job.done ? "past" : index === job.done ? "now" : "";
    return item;
  });
}

function fact(label, text, word = "") {
  const row = document.createElement("div");
  const [term, value] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = label;
  value.textContent = text;
  value.className = word;
  row.append(term, value);
  return row;
}

const TRIES = { untold: "介质未提示输错", low: "曾输错，剩余次数已减少", final: "只剩最后一次机会", locked: "已锁定" };

/** The live state of the one token that is in use. */
export function tokenCard(token) {
  const head = document.createElement("header");
  const lamp = document.createElement("span");
  const alarm = token.kind === "foreign" || token.tries === "locked" || (token.certificate?.days_left ?? 1) < 0;
  lamp.className = `lamp-dot ${alarm ? "bad" : token.tries !== "untold" || token.certificate?.renewable ? "warn" : ""}`;
  const title = document.createElement("h2");
  title.textContent = token.certificate ? `${token.certificate.holder}　${token.certificate.unit}` : "介质已插入";
  const model = document.createElement("small");
  model.textContent = [token.label, token.model].filter(Boolean).join(" · ");
  title.append(model);
  head.append(lamp, title);
  const facts = document.createElement("dl");
  facts.className = "facts";
  facts.append(fact("介质序列号", token.serial, "mono"));
  if (token.kind !== "foreign") facts.append(pinFact(token));
  if (token.certificate) facts.append(...certificateFacts(token.certificate));
  return [head, facts];
}

function pinFact(token) {
  if (token.first_pin && token.tries === "untold") return fact("PIN", "首个 PIN，首次使用须修改", "warn");
  return fact("PIN", TRIES[token.tries], token.tries === "untold" ? "" : token.tries === "low" ? "warn" : "bad");
}

function certificateFacts(certificate) {
  const days = certificate.days_left;
  const left = days < 0 ? `已于 ${certificate.not_after} 过期` : `${certificate.not_after}（还有 ${days} 天）`;
  const word = days < 0 ? "bad" : certificate.renewable ? "warn" : "";
  return [fact("有效期至", left, word), fact("证书序列号", certificate.serial, "mono")];
}
