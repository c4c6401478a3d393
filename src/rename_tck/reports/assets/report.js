"use strict";
(() => {
  document.documentElement.classList.add("js");

  const setOpen = (req, open) => {
    req.classList.toggle("open", open);
    req.querySelector(".row button").setAttribute("aria-expanded", String(open));
  };

  // Where the page is not a secure context there is no clipboard object: the older way.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "away";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const reqs = [...document.querySelectorAll(".req")];
    const toolbar = document.querySelector(".toolbar");
    const words = new Map(reqs.map((req) => [req, req.textContent.toLowerCase()]));

    const filter = () => {
      const kind = toolbar.elements.show.value;
      const terms = toolbar.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const req of reqs) {
        const match = req.dataset.show.split("|").includes(kind)
          && terms.every((term) => words.get(req).includes(term));
        req.hidden = !match;
        shown += match ? 1 : 0;
      }
      for (const table of document.querySelectorAll(".matrix")) {
        const empty = !table.querySelector(".req:not([hidden])");
        table.hidden = empty;
        table.closest("section").querySelector(".none").hidden = !empty;
      }
      toolbar.querySelector("output").textContent =
        shown === reqs.length ? "" : `${shown} of ${reqs.length} requirements shown`;
    };

    const follow = () => {
      let id;
      try {
        id = decodeURIComponent(location.hash.slice(1));
      } catch {
        return;
      }
      const req = document.getElementById(id);
      if (!req || !req.classList.contains("req")) return;
      if (req.hidden) {
        toolbar.reset();
        filter();
      }
      setOpen(req, true);
      req.scrollIntoView();
      req.querySelector(".row button").focus({ preventScroll: true });
    };

    for (const req of reqs) {
      req.querySelector(".row").addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button && (event.target.closest("a") || String(getSelection()))) return;
        setOpen(req, !req.classList.contains("open"));
      });
    }
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.addEventListener("click", async () => {
        const done = await copy(JSON.parse(button.dataset.copy));
        button.textContent = done ? "Copied" : "Not copied: select the text by hand";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      });
    }
    if (toolbar) {
      toolbar.addEventListener("submit", (event) => event.preventDefault());
      toolbar.addEventListener("input", filter);
      for (const button of toolbar.querySelectorAll("[data-open]")) {
        button.addEventListener("click", () => {
          for (const req of reqs) if (!req.hidden) setOpen(req, button.dataset.open === "true");
        });
      }
      filter();
    }
    // A link to the row that the address names already changes nothing, and must open it all the same.
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (link && link.hash === location.hash) follow();
    });
    addEventListener("hashchange", follow);
    follow();
  });
})();
