// Palette, keys, seconds, copying, live region. Everything on a page works without this but live progress.
(() => {
  const d = document, store = localStorage;
  const one = (s, at = d) => at.querySelector(s), all = (s, at = d) => [...at.querySelectorAll(s)];
  const theme = store.getItem("theme");
  if (theme) d.documentElement.dataset.theme = theme;
  const say = text => { const live = one("#live"); if (live) live.textContent = text; };

  // htmx 4 inherits no header by itself: the token is put on every request that is not a GET.
  d.addEventListener("htmx:config:request", e => {
    const { request } = e.detail.ctx, token = one('meta[name="csrf"]');
    if (token && request.method !== "GET") request.headers["X-CSRF-Token"] = token.content;
  });

  // The server's word for what changed, said once each; the shape's letter goes to the tab.
  let said = "";
  const heard = () => {
    const at = one("[data-say]"), text = at?.dataset.say;
    if (text && text !== said) say(said = text);
    if (at?.dataset.tab) d.title = at.dataset.tab + " " + d.title.replace(/^\S \b/, "");
  };
  d.addEventListener("htmx:after:swap", heard);
  d.addEventListener("htmx:sse:error", () => {
    if (d.body.dataset.live === "lost") return;
    d.body.dataset.live = "lost";
    const now = new Date().toTimeString().slice(0, 8);
    all("[data-lost]").forEach(e => { e.textContent = `Not live since ${now}, trying again`; });
  });
  d.addEventListener("htmx:sse:after:connection", () => { d.body.dataset.live = "on"; });

  // Seconds count from the server's clock: <body data-now> is its time when the page was made.
  let ahead = 0;
  const span = s => s < 60 ? `${s} s` : s < 3600 ? `${s / 60 | 0} min ${s % 60} s` : `${s / 3600 | 0} h ${s % 3600 / 60 | 0} min`;
  setInterval(() => {
    const now = Date.now() + ahead;
    all("[data-count]").forEach(e => {
      const ms = e.dataset.count === "up" ? now - e.dataset.at : e.dataset.at - now;
      e.textContent = span(Math.max(0, ms / 1000 | 0));
    });
  }, 1000);

  const open = id => { const box = one(id); if (box && !box.open) { box.showModal(); one("input", box)?.focus(); } };
  const lines = () => all("[data-row]").filter(e => e.offsetParent);
  const move = by => {
    const rows = lines(), at = rows.indexOf(d.activeElement);
    rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
  };

  d.addEventListener("click", e => {
    const hit = s => e.target.closest?.(s);
    if (hit("[data-palette]") && !e.ctrlKey && !e.metaKey) { e.preventDefault(); open("#palette"); }
    const copied = hit("[data-copy]");
    if (copied) navigator.clipboard?.writeText(copied.dataset.copy).then(() => say("Copied"));
    if (e.target.matches?.("dialog")) e.target.close();
    all("details[data-menu][open]").forEach(m => { if (!m.contains(e.target)) m.open = false; });
  });
  d.addEventListener("change", e => {
    if (e.target.matches("[data-keys-off]")) store.setItem("keys", e.target.checked ? "off" : "on");
    if (e.target.matches("[data-theme-pick]")) {
      store.setItem("theme", e.target.value);
      d.documentElement.dataset.theme = e.target.value;
    }
  });
  d.addEventListener("input", e => {
    const list = e.target.dataset?.filterList;
    if (list) all(`#${list} a`).forEach(a => { a.hidden = !a.textContent.toLowerCase().includes(e.target.value.toLowerCase()); });
  });

  let went = false;
  const places = { t: "today", f: "findings", p: "plans", r: "runs", l: "ledger" };
  const press = s => { const at = one(s); if (at) at.click(); };
  const keys = {
    "?": () => open("#keys"), j: () => move(1), k: () => move(-1), "/": () => one("[data-filter]")?.focus(),
    c: () => one("[data-comment]")?.focus(), "[": () => press("a[data-prev]"), "]": () => press("a[data-next]"),
    g: () => { went = true; setTimeout(() => { went = false; }, 1200); },
  };
  d.addEventListener("keydown", e => {
    const { key } = e, box = e.target.closest?.("#palette");
    if ((e.ctrlKey || e.metaKey) && key.toLowerCase() === "k") { e.preventDefault(); return open("#palette"); }
    if (box && /^(ArrowDown|ArrowUp|Enter)$/.test(key)) {
      const hits = all(".hits a", box), at = hits.indexOf(d.activeElement);
      if (key !== "Enter") { e.preventDefault(); hits[Math.max(0, at + (key === "ArrowDown" ? 1 : -1))]?.focus(); }
      else if (at < 0 && hits[0]) { e.preventDefault(); e.ctrlKey ? window.open(hits[0].href) : hits[0].click(); }
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || one("dialog[open]")) return;
    if (key === "Escape") {
      all("details[data-menu][open]").forEach(m => { m.open = false; one("summary", m).focus(); });
      return press("a[data-close]");
    }
    if (store.getItem("keys") === "off" || e.target.closest?.("input,select,textarea,[contenteditable]")) return;
    if (went && places[key]) { went = false; press(`.side a[href$="/${places[key]}"]`); return; }
    if (keys[key]) { e.preventDefault(); keys[key](); }
  });

  d.addEventListener("DOMContentLoaded", () => {
    if (d.body.dataset.now) ahead = d.body.dataset.now - Date.now();
    one("[data-focus]")?.focus();
    all("[data-keys-off]").forEach(e => { e.checked = store.getItem("keys") === "off"; });
    all("[data-theme-pick]").forEach(e => { e.checked = e.value === (theme || "auto"); });
  });
})();
