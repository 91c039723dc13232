// The helper's page: asks for the state once a second and shows the one thing that comes next.
import { button, fill, list, stepper, steps, tokenCard } from "./views.js";

const secret = takeSecret();
const stage = document.getElementById("stage");
const PATH = ["插入介质", "检查", "输入下载码", "设置 PIN", "完成"];
let state = null;      // what the server said last
let screen = "";       // what the stage shows, as a text: the same text is not drawn again
let chosen = "";       // serial number chosen among several tokens
let open = null;       // the form or the log that a person has opened
let typed = {};        // what was typed in the steps of a form; gone when it ends

function takeSecret() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem("secret", given);
    history.replaceState(null, "", location.pathname); // not in the history, not on a screenshot
  }
  return given || sessionStorage.getItem("secret") || "";
}

async function ask(path, wish) {
  const headers = { Authorization: `Bearer ${secret}` };
  if (wish !== undefined) headers["Content-Type"] = "application/json";
  const request = { method: wish === undefined ? "GET" : "POST", headers, body: wish && JSON.stringify(wish), cache: "no-store" };
  const answer = await fetch(`/api/${path}`, request);
  if (answer.status === 403) throw new Error("forbidden");
  return answer;
}

function show(key, made, { path = -1 } = {}) {
  const bar = document.getElementById("path");
  bar.hidden = path < 0;
  bar.replaceChildren(...(path < 0 ? [] : stepper(PATH, path)));
  if (key === screen) return;
  screen = key;
  stage.replaceChildren(made());
  window.scrollTo(0, 0);
  stage.querySelector("input, .big")?.focus();
}

// ---- the state that the token and the job are in

async function tick() {
  try {
    state = await (await ask("state")).json();
    draw();
    setTimeout(tick, state.job?.state === "running" ? 250 : 1000);
  } catch (error) {
    const lost = error.message === "forbidden";
    document.getElementById("token").hidden = true;
    const message = lost ? "请关闭此页面，从证书助手重新打开。" : "助手已经退出。请重新打开证书助手。";
    show("gone", () => fill("end", { verdict: "bad", sign: "!", title: lost ? "此页面已失效" : "证书助手没有响应", message }));
    if (!lost) setTimeout(tick, 3000);
  }
}

function token() {
  const several = state.tokens.length > 1;
  return several ? state.tokens.find((one) => one.serial === chosen) : state.tokens[0];
}

function draw() {
  document.getElementById("server").textContent = state.server;
  document.getElementById("notice").textContent = state.notice;
  const one = token();
  const card = document.getElementById("token");
  card.hidden = !one;
  if (one) card.replaceChildren(...tokenCard(one));
  if (state.job && !open?.over) return drawJob(state.job);
  if (open && (open.name === "log" || one)) return open.draw(one);
  open = null;
  typed = {};
  if (state.tokens.length > 1 && !one) return drawSeveral();
  if (!one) return drawWaiting(state.problem);
  return drawHome(one);
}

function drawWaiting(problem) {
  const titles = { "no-token": "请插入 UKEY 介质", "empty-reader": "读卡器中没有介质", "module-not-usable": "未找到介质驱动" };
  const title = titles[problem.kind] ?? "介质暂时无法使用";
  const message = problem.kind === "no-token" ? "把派发给您本人的 UKEY 插入电脑的 USB 口，稍等片刻。" : problem.message;
  show(`waiting ${problem.kind} ${problem.message}`, () => fill("waiting", { title, message }), { path: 0 });
}

function drawSeveral() {
  show(`several ${state.tokens.map((one) => one.serial)}`, () => {
    const made = fill("several");
    list(made, "choices").append(...state.tokens.map((one) => {
      const who = one.certificate?.holder ?? (one.kind === "foreign" ? "非信息中心派发" : "尚无证书");
      return button(`${one.serial}　${who}`, () => { chosen = one.serial; draw(); });
    }));
    return made;
  }, { path: 0 });
}

function drawHome(one) {
  const [title, message, actions] = home(one);
  const path = one.kind === "enrolled" ? -1 : 1;
  show(`home ${JSON.stringify(one)}`, () => {
    const made = fill("home", { title, message });
    list(made, "actions").append(...actions);
    return made;
  }, { path });
}

function home(one) {
  const unblock = button("忘记 PIN，申请解锁", () => begin(UNBLOCK));
  if (one.kind === "foreign") return ["这不是信息中心派发的介质", "请拔出它，插入派发给您本人的 UKEY 介质。若确是派发的介质，请联系管理部门更换。", []];
  if (one.tries === "locked") return ["PIN 已锁定", "连续输错 PIN，介质已自我保护，证书仍在。请联系管理部门办理解锁，收到解锁码后继续。", [button("输入解锁码", () => begin(UNBLOCK), { big: true })]];
  if (one.kind === "ready") {
    const again = one.unfinished ? `上次的下载没有完成（参考号 ${one.unfinished}）。用同一组下载码继续即可，不会重复签发。` : "介质检查通过，可以下载证书。请准备好参考号（随介质发放）和授权码（发到您的手机）。";
    return ["介质可以使用", again, [button(one.unfinished ? "继续下载" : "下载证书", () => begin(ENROL), { big: true }), unblock]];
  }
  const certificate = one.certificate;
  const actions = [button("测试签名", () => begin(TEST), { big: !certificate.renewable })];
  if (certificate.days_left < 0) return ["证书已过期", "过期的证书不能在线更新，请联系管理部门重新申请。", [button("修改 PIN", () => begin(CHANGE))]];
  if (certificate.renewable) actions.unshift(button("更新证书", () => begin(RENEW), { big: true }));
  else actions.push(button("姓名或单位已变更，换发证书", () => begin(RENEW)));
  actions.push(button("修改 PIN", () => begin(CHANGE)), unblock);
  if (!one.unfinished) actions.push(button("用新的下载码下载", () => begin(ENROL)));
  else actions.unshift(button("继续下载", () => begin(ENROL), { big: true }));
  const due = certificate.renewable ? "证书快到期了，现在就可以更新，新证书启用前旧证书照常有效。" : `证书有效，可以登录教师系统。${certificate.renewable_from}起可以更新。`;
  return [certificate.renewable ? "证书需要更新" : "证书可以使用", due, actions];
}

// ---- forms: each a row of steps, each step a few fields

const CODE = { input: "code" };
const PIN = { input: "password", complete: "current-password" };
const FRESH = { input: "password", complete: "new-password" };
const RULES = "6 至 16 位字母、数字或符号；不要用生日、手机号、身份证尾号或连续、重复的字符。";

const pinField = (one) => ({ ...PIN, name: "pin", label: one.first_pin ? "首个 PIN（随介质发放）" : "PIN" });
const newPins = [{ ...FRESH, name: "new_pin", label: "新 PIN", hint: RULES }, { ...FRESH, name: "again", label: "再输入一次新 PIN" }];
const ENROL = {
  name: "enrol", title: "下载证书", path: 2,
  steps: (one) => [
    { title: "输入下载码", message: "参考号随介质发放，授权码发到您的手机。两者都只能由您本人使用。", submit: "下一步", path: 2,
      fields: [{ ...CODE, name: "reference", label: "参考号", value: one.unfinished }, { ...CODE, name: "code", label: "授权码" }] },
    { title: one.first_pin ? "换成您自己的 PIN" : "输入 PIN", submit: "开始下载", path: 3,
      message: one.first_pin ? "首次使用必须修改 PIN。新 PIN 只有您知道，忘记后要到管理部门办理解锁。" : "PIN 由您自己设置，管理部门不知道。",
      fields: one.first_pin ? [pinField(one), ...newPins] : [pinField(one)] },
  ],
};
const RENEW = { name: "renew", title: "更新证书", steps: (one) => [{ title: "更新证书", message: "介质会生成新的密钥并换上新证书，旧证书随后失效。", submit: "开始更新", fields: [pinField(one)] }] };
const TEST = { name: "test", title: "测试签名", steps: (one) => [{ title: "测试签名", message: "用介质中的密钥签名，并用证书验证，不会发送任何内容。", submit: "测试", fields: [pinField(one)] }] };
const CHANGE = { name: "change-pin", title: "修改 PIN", steps: (one) => [{ title: "修改 PIN", message: "新 PIN 立即生效。", submit: "修改", fields: [{ ...pinField(one), label: "原 PIN" }, ...newPins] }] };
const UNBLOCK = { name: "unblock", title: "解锁", steps: () => [{ title: "解锁并设置新 PIN", message: "管理部门两人批准后，解锁码会发到您的手机，24 小时内有效。证书保留。", submit: "解锁",
  fields: [{ ...CODE, name: "release_code", label: "解锁码" }, ...newPins] }] };

function begin(form) {
  typed = {};
  open = { name: form.name, form, at: 0, over: true, draw: drawForm };
  ask("seen", {}).then(draw);
}

function drawForm(one) {
  const all = open.form.steps(one);
  const step = all[open.at];
  show(`form ${open.name} ${open.at} ${one.serial} ${one.tries}`, () => formOf(one, step, open.at === all.length - 1), { path: step.path ?? -1 });
}

function formOf(one, step, last) {
  const made = fill("form", step);
  const form = made.querySelector("form");
  list(made, "fields").append(...step.fields.map(fieldOf));
  if (last && one.tries === "final" && step.fields.some((field) => field.name === "pin")) list(made, "fields").append(lastTry());
  for (const input of form.querySelectorAll("input[name=new_pin], input[name=again]")) input.addEventListener("change", () => checkPin(form, one));
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(form, one, step, last); });
  form.querySelector("[data-act=back]").addEventListener("click", () => { open.at > 0 ? open.at -= 1 : open = null; draw(); });
  return made;
}

function fieldOf(field) {
  const made = fill("field", field);
  const input = made.querySelector("input");
  Object.assign(input, { name: field.name, type: field.input === "password" ? "password" : "text", value: typed[field.name] ?? field.value ?? "", maxLength: 100, spellcheck: false });
  input.autocomplete = field.complete ?? "off";
  if (field.input === "code") Object.assign(input, { className: "code", autocapitalize: "characters" });
  const reveal = made.querySelector(".show");
  reveal.hidden = field.input !== "password";
  reveal.addEventListener("click", () => {
    input.type = input.type === "password" ? "text" : "password";
    reveal.textContent = input.type === "password" ? "显示" : "隐藏";
  });
  return made;
}

function lastTry() {
  const made = fill("check", { label: "我确认 PIN 无误，使用最后一次机会（再错将锁定）" });
  made.querySelector("input").name = "last_try";
  return made;
}

function values(form) {
  const given = {};
  for (const input of form.querySelectorAll("input")) given[input.name] = input.type === "checkbox" ? (input.checked ? "yes" : "") : input.value;
  return given;
}

async function checkPin(form, one) {
  const given = { ...typed, ...values(form) };
  const hint = form.querySelector("input[name=new_pin]").closest(".field").querySelector("small");
  if (!given.new_pin) return "";
  const { new_pin, pin, reference, code, release_code } = given;
  const wish = Object.fromEntries(Object.entries({ new_pin, pin, reference, code, release_code, serial: one.serial }).filter(([, text]) => text));
  const { objection } = await (await ask("check-pin", wish)).json();
  hint.textContent = objection || RULES;
  hint.classList.toggle("bad", objection !== "");
  return objection;
}

async function submit(form, one, step, last) {
  const given = values(form);
  const complain = (text) => { const place = form.querySelector(".problem"); place.textContent = text; place.hidden = !text; };
  const empty = step.fields.find((field) => !given[field.name].trim());
  if (empty) { complain(`请填写${empty.label}。`); form.querySelector(`input[name=${empty.name}]`).focus(); return; }
  if ("again" in given && given.again !== given.new_pin) return complain("两次输入的新 PIN 不一样。");
  if ("new_pin" in given) { const objection = await checkPin(form, one); if (objection) return complain(`新 PIN ${objection}。`); }
  Object.assign(typed, given);
  if (!last) { open.at += 1; return draw(); }
  const { again, ...wish } = { ...typed, serial: one.serial };
  if (!wish.last_try) delete wish.last_try;
  const answer = await ask(open.form.name, wish);
  if (!answer.ok) return complain(await answer.text());
  open = null;
  typed = {};
  screen = "";
  state = await (await ask("state")).json();
  draw();
}

// ---- a job and its end

const TITLES = { enrol: "正在下载证书", renew: "正在更新证书", test: "正在测试签名", "change-pin": "正在修改 PIN", unblock: "正在解锁" };
const DONE = {
  enrol: ["证书已下载并启用", (job) => `${job.result.unit} ${job.result.holder}：现在可以用它登录教师系统。`],
  renew: ["证书已更新", () => "新证书已启用，旧证书已失效。"],
  test: ["签名测试通过", (job) => job.result.safe ? "密钥在介质内生成、不可导出，证书可以使用。" : "证书可以使用，但介质没有证明密钥不可导出，请告诉管理部门。"],
  "change-pin": ["PIN 已修改", () => "请牢记新 PIN，不要告诉任何人。"],
  unblock: ["介质已解锁", () => "新 PIN 已生效，证书保留。"],
};
const ADVICE = {
  "ca-wrong-token": "请核对介质上的序列号与派发记录是否一致，换上派发给您本人的介质。",
  "ca-code-blocked": "请联系上级用户管理部门重新发放下载码，旧的随之作废。",
  "ca-code-expired": "请联系上级用户管理部门重新发放下载码，旧的随之作废。",
  "ca-code-used": "请联系上级用户管理部门重新发放下载码。",
  "ca-binding-invalid": "此次尝试已被记录。请换上派发给您本人的介质。",
  "pin-wrong": "PIN 区分大小写。忘记了可以申请解锁，证书不会丢失。",
};

function drawJob(job) {
  if (job.state === "running") {
    const key = `job ${job.number} ${job.done} ${job.slow}`;
    return show(key, () => { const made = fill("job", { title: TITLES[job.act], slow: job.slow }); list(made, "steps").append(...steps(job)); return made; }, { path: job.act === "enrol" ? 3 : -1 });
  }
  const good = job.state === "done";
  const close = async () => { await ask("seen", {}); state.job = null; screen = ""; draw(); };
  show(`end ${job.number}`, () => {
    const title = good ? DONE[job.act][0] : "没有完成";
    const message = good ? DONE[job.act][1](job) : job.problem.message;
    const made = fill("end", { verdict: good ? "" : "bad", sign: good ? "✓" : "!", title, message, advice: good ? only(job) : ADVICE[job.problem.kind] });
    list(made, "actions").append(button(good ? "完成" : "返回", close, { big: true }));
    return made;
  }, { path: job.act === "enrol" ? (good ? 4 : 3) : -1 });
}

const only = (job) => job.act === "enrol" ? "证书仅限本人使用，不得外借。离开电脑时请拔下介质。" : "";

// ---- support log, leaving

async function drawLog() {
  const text = await (await ask("log")).text();
  show("log", () => {
    const made = fill("log", { log: text });
    made.querySelector("[data-act=copy]").addEventListener("click", async (event) => { await navigator.clipboard.writeText(text); event.target.textContent = "已复制"; });
    const save = made.querySelector("[data-act=save]");
    save.href = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`;
    made.querySelector("[data-act=back]").addEventListener("click", () => { open = null; screen = ""; draw(); });
    return made;
  });
}

document.getElementById("support").addEventListener("click", () => { open = { name: "log", over: true, draw: () => {} }; drawLog(); });
document.getElementById("quit").addEventListener("click", async () => { await ask("quit", {}); });
tick();
