"use strict";
(() => {
  const form = document.getElementById("filters");
  const rules = [...document.querySelectorAll("details.rule")];
  const groups = [...document.querySelectorAll("section.group")];
  const texts = new Map(rules.map((rule) => [rule, rule.textContent.toLowerCase()]));
  const NAMES = ["status", "mark", "group", "q"];

  const wanted = () => {
    const data = new FormData(form);
    return {
      status: data.getAll("status"),
      mark: data.getAll("mark"),
      group: data.get("group"),
      words: data.get("q").toLowerCase().split(/\s+/).filter(Boolean),
    };
  };

  const fits = (rule, want) =>
    (!want.status.length || want.status.includes(rule.dataset.status)) &&
    (!want.mark.length || want.mark.includes(rule.dataset.mark)) &&
    (!want.group || want.group === rule.parentElement.dataset.group) &&
    want.words.every((word) => texts.get(rule).includes(word));

  const show = () => {
    const want = wanted();
    rules.forEach((rule) => { rule.hidden = !fits(rule, want); });
    groups.forEach((group) => { group.hidden = !group.querySelector("details.rule:not([hidden])"); });
    const count = rules.filter((rule) => !rule.hidden).length;
    document.getElementById("shown").textContent = `${count} of ${rules.length} rules`;
    document.getElementById("nothing").hidden = count > 0;
  };

  // The filters live in the address, so that a view can be sent to someone: #status=FAIL,ERROR&mark=documented
  const address = () => {
    const data = new FormData(form);
    const parts = NAMES.map((name) => [name, data.getAll(name).filter(Boolean).map(encodeURIComponent).join(",")]);
    return parts.filter(([, value]) => value).map((pair) => pair.join("=")).join("&");
  };

  const remember = () => {
    show();
    history.replaceState(null, "", `#${address()}`);
  };

  const decoded = (text) => {
    try { return decodeURIComponent(text); } catch { return text; }
  };

  const set = (pairs) => {
    form.querySelectorAll("input[type=checkbox]").forEach((box) => { box.checked = false; });
    form.elements.q.value = form.elements.group.value = "";
    for (const [name, value] of pairs) {
      const values = value.split(",").map(decoded);
      if (name === "q") form.elements.q.value = values.join(",");
      else if (name === "group") form.elements.group.value = values[0];
      else form.querySelectorAll(`input[name="${name}"]`).forEach((box) => { box.checked = values.includes(box.value); });
    }
    show();
  };

  const follow = () => {
    const hash = location.hash.slice(1);
    const pairs = hash.split("&").map((part) => part.split(/=(.*)/s)).filter(([name]) => NAMES.includes(name));
    const rule = rules.find((one) => one.id === hash);
    if (pairs.length) {
      set(pairs);
      document.getElementById("rules").scrollIntoView();
    } else if (rule) {
      if (rule.hidden) set([]);
      rule.open = true;
      rule.scrollIntoView();
      rule.querySelector("summary").focus({ preventScroll: true });
    }
  };

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {  // a page that was opened over plain http has no clipboard
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "skip";
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  };

  document.addEventListener("click", async ({ target }) => {
    if (!target.matches("button.copy")) return;
    const done = await copied(target.closest(".shell").querySelector("pre").textContent);
    target.textContent = done ? "Copied" : "Not copied";
    target.focus();
    setTimeout(() => { target.textContent = "Copy"; }, 1500);
  });

  const step = (from, by) => {
    const visible = rules.filter((rule) => !rule.hidden).map((rule) => rule.firstElementChild);
    visible[visible.indexOf(from) + by]?.focus();
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=search], select, textarea");
    const plain = !(event.ctrlKey || event.metaKey || event.altKey);
    if (event.key === "/" && !typing && plain) {
      event.preventDefault();
      form.elements.q.focus();
    } else if (event.key === "Escape" && event.target === form.elements.q) {
      form.elements.q.value = "";
      remember();
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && plain && event.target.matches("details.rule > summary")) {
      event.preventDefault();
      step(event.target, event.key === "ArrowDown" ? 1 : -1);
    }
  });

  const fold = (open) => rules.forEach((rule) => { if (!rule.hidden) rule.open = open; });
  document.getElementById("unfold").addEventListener("click", () => fold(true));
  document.getElementById("fold").addEventListener("click", () => fold(false));
  form.addEventListener("input", remember);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(remember));
  window.addEventListener("hashchange", follow);

  // On paper nothing can be unfolded: what has evidence is printed with it.
  let unfolded = [];
  window.addEventListener("beforeprint", () => {
    const proofs = [...document.querySelectorAll("details.rule, details.evidence, details.call")];
    unfolded = proofs.filter((one) => !one.open && one.closest(".rule").querySelector(".evidence"));
    unfolded.forEach((one) => { one.open = true; });
  });
  window.addEventListener("afterprint", () => unfolded.forEach((one) => { one.open = false; }));

  form.hidden = false;
  document.querySelectorAll("button.copy").forEach((button) => { button.hidden = false; });
  show();
  follow();
})();
