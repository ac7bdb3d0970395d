"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const list = byId("list"), items = [...list.children], root = document.documentElement;
  const rank = { missing: 0, refused: 1, complete: 2, "not-applicable": 3 };
  const orders = {
    order: (a, b) => a.dataset.order - b.dataset.order,
    risk: (a, b) => b.dataset.risk - a.dataset.risk || orders.order(a, b),
    state: (a, b) => rank[a.dataset.state] - rank[b.dataset.state] || orders.order(a, b),
    unit: (a, b) => a.dataset.unit.localeCompare(b.dataset.unit, "zh-CN") || orders.order(a, b),
  };
  const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ");
  const texts = new Map(items.map((item) => [item, plain(item.dataset.text)]));
  const say = (count) => {
    byId("count").textContent = root.lang === "en" ? `${count} of ${items.length} items` : `${items.length} 项中的 ${count} 项`;
    byId("none").hidden = count > 0;
  };
  let shown = items.length;
  const filter = () => {
    const words = plain(byId("search").value).split(" ").filter(Boolean);
    const unit = byId("unit").value, state = byId("state").value;
    shown = 0;
    for (const item of items) {
      const data = item.dataset;
      const fits = (unit === "*" || data.unit === unit)
        && (state === "*" || (state === "!" ? data.warned === "1" : data.state === state))
        && words.every((word) => texts.get(item).includes(word));
      item.hidden = !fits;
      shown += fits;
    }
    say(shown);
  };
  const sort = () => { list.append(...items.sort(orders[byId("sort").value])); };
  for (const id of ["search", "unit", "state"]) byId(id).addEventListener("input", filter);
  byId("sort").addEventListener("input", sort);
  for (const button of document.querySelectorAll("button[data-unit]"))
    button.addEventListener("click", () => { byId("unit").value = button.dataset.unit; filter(); byId("items").scrollIntoView(); byId("items").focus(); });
  byId("language").addEventListener("click", (event) => {
    root.lang = root.lang === "en" ? "zh-CN" : "en";
    event.target.textContent = root.lang === "en" ? "中文" : "English";
    say(shown);
  });
  byId("print").addEventListener("click", () => window.print());
  const reveal = () => {
    const item = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!item || !item.classList.contains("item")) return;
    if (item.hidden) { byId("filters").reset(); filter(); }
    item.querySelector("details").open = true;
    item.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => { for (const item of items) item.querySelector("details").open = true; });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); byId("search").focus(); }
    if (event.key === "Escape" && document.activeElement === byId("search")) { byId("search").value = ""; filter(); }
  });
  filter();
  reveal();
})();
