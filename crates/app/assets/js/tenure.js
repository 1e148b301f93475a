// Palette, keys, seconds, copying, live region. Everything on a page works without this but live progress.
(() => {
  const d = document, store = localStorage, root = d.documentElement;
  const on = (name, act) => d.addEventListener(name, act);
  const one = (s, at = d) => at.querySelector(s), all = (s, at = d) => [...at.querySelectorAll(s)];
  const each = (s, act) => all(s).forEach(act);
  const theme = store.theme;
  if (theme) root.dataset.theme = theme;
  const held = e => e.ctrlKey || e.metaKey, stop = e => e.preventDefault();
  const say = text => one("#live")?.replaceChildren(text);

  // htmx 4 inherits no header by itself: the token is put on every request that is not a GET.
  on("htmx:config:request", e => {
    const { request } = e.detail.ctx, token = one("meta[name=csrf]");
    if (token && request.method !== "GET") request.headers["X-CSRF-Token"] = token.content;
  });

  // The server's word for what changed, said once each; the shape's letter goes to the tab.
  let said;
  on("htmx:after:swap", () => {
    const { say: text, tab } = one("[data-say]")?.dataset ?? {};
    if (text && text !== said) say(said = text);
    if (tab) d.title = tab + " " + d.title.replace(/^\S /, "");
  });
  on("htmx:sse:error", () => {
    const body = d.body.dataset;
    if (body.live === "lost") return;
    body.live = "lost";
    each("[data-lost]", e => e.textContent = `Not live since ${Date().slice(16, 24)}, trying again`);
  });
  on("htmx:sse:after:connection", () => d.body.dataset.live = "on");

  // Seconds count from the server's clock: data-now is its time when the page was made.
  let ahead = 0;
  const span = s => s < 60 ? `${s} s` : s < 3600 ? `${s / 60 | 0} min ${s % 60} s` : `${s / 3600 | 0} h ${s % 3600 / 60 | 0} min`;
  setInterval(() => each("[data-count]", e => {
    const past = Date.now() + ahead - e.dataset.at;
    e.textContent = span(Math.max(0, (e.dataset.count === "up" ? past : -past) / 1000 | 0));
  }), 1000);

  const open = id => one(id)?.showModal();
  const focus = s => one(s)?.focus();
  const press = s => one(s)?.click();
  const move = by => {
    const rows = all("[data-row]").filter(e => e.offsetParent), at = rows.indexOf(d.activeElement);
    (rows[at + by] ?? rows[Math.max(at, 0)])?.focus();
  };
  const menus = () => all("[data-menu][open]");

  on("click", e => {
    const at = e.target, near = s => at.closest(s), copy = near("[data-copy]"), link = near("a[data-at]");
    if (!held(e) && near("[data-palette]")) { stop(e); open("#palette"); }
    if (!held(e) && link) history.replaceState(0, "", link.href);
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => say("Copied"));
    menus().forEach(m => m.open = m.contains(at));
  });
  on("change", ({ target: at }) => {
    if (at.matches("[data-keys-off]")) store.keys = at.checked ? "off" : "on";
    if (at.matches("[data-theme-pick]")) root.dataset.theme = store.theme = at.value;
  });
  on("input", ({ target: at }) => {
    const list = at.dataset.filterList, text = at.value.toLowerCase();
    if (list) each(`#${list} a`, a => a.hidden = !a.textContent.toLowerCase().includes(text));
  });

  let went;
  const keys = {
    "?": () => open("#keys"), "/": () => focus("[data-filter]"), c: () => focus("[data-comment]"),
    j: () => move(1), k: () => move(-1), "[": () => press("a[data-prev]"), "]": () => press("a[data-next]"),
    g: () => { went = 1; setTimeout(() => went = 0, 1200); },
  };
  on("keydown", e => {
    const { key, target: at } = e, way = held(e), box = at.closest("#palette");
    if (way && key === "k") { stop(e); return open("#palette"); }
    if (box && /^Arrow|Enter/.test(key)) {
      const hits = all(".hits a", box), n = hits.indexOf(d.activeElement);
      if (key !== "Enter") { stop(e); hits[Math.max(0, n + (key === "ArrowDown" ? 1 : -1))]?.focus(); }
      else if (n < 0 && hits[0]) { stop(e); way ? window.open(hits[0].href) : hits[0].click(); }
      return;
    }
    if (way || e.altKey || one("dialog[open]")) return;
    if (key === "Escape") {
      menus().forEach(m => { m.open = false; one("summary", m).focus(); });
      return press("a[data-close]");
    }
    if (store.keys === "off" || at.closest("input,select,textarea")) return;
    const place = went && ["today", "findings", "plans", "runs", "ledger"].find(p => p[0] === key);
    if (place) press(`.side a[href$="/${place}"]`);
    else if (keys[key]) { stop(e); keys[key](); }
  });

  on("DOMContentLoaded", () => {
    const now = one("[data-now]");
    if (now) ahead = now.dataset.now - Date.now();
    focus("[data-focus]");
    each("[data-keys-off]", e => e.checked = store.keys === "off");
    each("[data-theme-pick]", e => e.checked = e.value === (theme || "auto"));
  });
})();
